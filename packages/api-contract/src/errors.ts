import { TRPCError } from '@trpc/server';
import { z } from 'zod';

/**
 * The error vocabulary of both transports: tRPC's codes (https://trpc.io/docs/server/error-handling#error-codes), each with
 * its HTTP status, a short label, and the message of an error without one.
 */
export const errorCatalogue = {
  BAD_REQUEST: { status: 400, error: 'Requête invalide', message: 'La requête est mal formée.' },
  UNAUTHORIZED: { status: 401, error: 'Authentification requise', message: 'Cette requête demande une identité.' },
  PAYMENT_REQUIRED: { status: 402, error: 'Paiement requis', message: 'Cette requête demande un paiement.' },
  FORBIDDEN: { status: 403, error: 'Accès refusé', message: 'Cette requête n’est pas permise à cette identité.' },
  NOT_FOUND: { status: 404, error: 'Ressource non trouvée', message: 'Cette ressource n’existe pas.' },
  METHOD_NOT_SUPPORTED: {
    status: 405,
    error: 'Méthode non autorisée',
    message: 'Cette méthode n’est pas possible ici ; l’en-tête Allow dit lesquelles le sont.',
  },
  TIMEOUT: { status: 408, error: 'Délai dépassé', message: 'La requête a mis trop de temps à arriver.' },
  CONFLICT: { status: 409, error: 'Conflit', message: 'L’état de la ressource ne permet pas cette requête.' },
  PRECONDITION_FAILED: { status: 412, error: 'Précondition échouée', message: 'La ressource a changé entre-temps.' },
  PAYLOAD_TOO_LARGE: { status: 413, error: 'Corps trop volumineux', message: 'Le corps de la requête est trop grand.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    error: 'Type de contenu non pris en charge',
    message: 'Content-Type: application/json est attendu, en UTF-8.',
  },
  UNPROCESSABLE_CONTENT: { status: 422, error: 'Contenu refusé', message: 'Ce contenu ne peut être traité.' },
  PRECONDITION_REQUIRED: { status: 428, error: 'Précondition requise', message: 'L’en-tête If-Match est attendu.' },
  TOO_MANY_REQUESTS: { status: 429, error: 'Trop de requêtes', message: 'Réessayez plus tard.' },
  CLIENT_CLOSED_REQUEST: { status: 499, error: 'Requête abandonnée', message: 'Le client est parti avant la réponse.' },
  INTERNAL_SERVER_ERROR: { status: 500, error: 'Erreur interne', message: 'Une erreur inattendue est survenue.' },
  NOT_IMPLEMENTED: { status: 501, error: 'Non implémenté', message: 'Cette fonction n’existe pas encore.' },
  BAD_GATEWAY: { status: 502, error: 'Passerelle défaillante', message: 'Un service en amont a mal répondu.' },
  SERVICE_UNAVAILABLE: {
    status: 503,
    error: 'Service indisponible',
    message: 'La base de données ne répond pas pour l’instant. Réessayez plus tard.',
  },
  GATEWAY_TIMEOUT: { status: 504, error: 'Passerelle sans réponse', message: 'Un service en amont n’a pas répondu.' },
} as const satisfies Record<
  Exclude<TRPCError['code'], 'PARSE_ERROR'>,
  { status: number; error: string; message: string }
>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One problem of the input: where it is (`''`: the input as a whole), what was expected and what was received. */
export const issueSchema = z.object({
  path: z.string().meta({ description: 'Where in the input, fields joined by dots; empty: the input as a whole' }),
  message: z.string(),
});

export type Issue = z.infer<typeof issueSchema>;

const errorDetailsSchema = z.object({
  issues: z.array(issueSchema).optional(),
  product_id: z
    .number()
    .optional()
    .meta({ type: 'integer', format: 'int64', description: 'The product that does not exist' }),
  path: z.string().optional().meta({ description: 'The path that is unknown or malformed' }),
  type: z.string().optional().meta({ description: 'Class of a simulated error' }),
  type_label: z.string().optional().meta({ description: 'The same in words' }),
  timestamp: z.string().optional(),
});

/** Details of some errors, beside code and message. */
export type ErrorDetails = z.infer<typeof errorDetailsSchema>;

export const errorCodeSchema = z.enum(Object.keys(errorCatalogue) as ErrorCode[]);

/** The body of an error: the same through both transports. */
export const errorBodySchema = z.object({
  error: z.string().meta({ description: 'Short label, the same for every error of one code' }),
  code: errorCodeSchema,
  message: z.string().meta({ description: 'What was wrong, the value, and what is allowed' }),
  trace_id: z
    .string()
    .nullable()
    .meta({ description: 'Trace in which the error happened; null when there is no tracing' }),
  trace_url: z.string().optional().meta({ description: 'Where that trace can be looked at' }),
  ...errorDetailsSchema.shape,
});

export type ErrorBody = z.infer<typeof errorBodySchema>;

/** The trace of an error, and where it can be looked at. */
export type ErrorTrace = Pick<ErrorBody, 'trace_id' | 'trace_url'>;

/** An error that is safe to show. The underlying error is its `cause` and goes to the log only. */
export class ApiError extends TRPCError {
  declare readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, options: { message?: string; details?: ErrorDetails; cause?: unknown } = {}) {
    super({ code, message: options.message ?? errorCatalogue[code].message, cause: options.cause });
    this.details = options.details ?? {};
  }

  /** The HTTP status. */
  get status(): number {
    return errorCatalogue[this.code].status;
  }
}

/**
 * The one place where anything thrown becomes an error of the vocabulary. A message that was not written for clients
 * (a library's, for instance) is replaced by its code's.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof TRPCError)) return new ApiError('INTERNAL_SERVER_ERROR', { cause: error });
  const { cause } = error;
  if (cause instanceof ApiError) return cause;
  const code = error.code === 'PARSE_ERROR' ? 'BAD_REQUEST' : error.code;
  if (code === 'BAD_REQUEST' && cause instanceof z.core.$ZodError) {
    return invalidInput(
      cause.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
      cause,
    );
  }
  if (code === 'BAD_REQUEST' && cause instanceof SyntaxError) return malformedJson(cause);
  return new ApiError(isErrorCode(code) ? code : 'INTERNAL_SERVER_ERROR', { cause: cause ?? error });
}

/** @param cause `JSON.parse`'s error */
export function malformedJson(cause: unknown): ApiError {
  return new ApiError('BAD_REQUEST', { message: 'Le JSON est mal formé.', cause });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** Input that is refused, with what is wrong of each part. */
export function invalidInput(issues: Issue[], cause: unknown, details: ErrorDetails = {}): ApiError {
  const message = issues
    .map((issue) => (issue.path === '' ? issue.message : `${issue.path} : ${issue.message}`))
    .join(' ; ');
  return new ApiError('BAD_REQUEST', { message, details: { ...details, issues }, cause });
}

/**
 * @param row what there is none of: `Aucun produit`
 * @param id named where a double holds it exactly
 */
export function notFound(row: string, id: number, details: ErrorDetails = {}): ApiError {
  return Number.isSafeInteger(id)
    ? new ApiError('NOT_FOUND', { message: `${row} n’a l’id ${id}.`, details })
    : new ApiError('NOT_FOUND', { message: `${row} n’a un id aussi grand.` });
}

export function toErrorBody(error: ApiError, trace: ErrorTrace): ErrorBody {
  const { error: label } = errorCatalogue[error.code];
  return { error: label, code: error.code, message: error.message, ...trace, ...error.details };
}

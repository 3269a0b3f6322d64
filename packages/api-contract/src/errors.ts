import { TRPCError } from '@trpc/server';
import { z } from 'zod';

/**
 * The error vocabulary of both doors. A code is tRPC's; `error` is its short label, `message` the detail that is told
 * when nothing more precise is known.
 */
export const errorCatalogue = {
  BAD_REQUEST: { status: 400, error: 'Requête invalide', message: 'La requête est mal formée.' },
  NOT_FOUND: { status: 404, error: 'Ressource non trouvée', message: 'Cette ressource n’existe pas.' },
  METHOD_NOT_SUPPORTED: {
    status: 405,
    error: 'Méthode non autorisée',
    message: 'Cette méthode n’est pas possible ici ; l’en-tête Allow dit lesquelles le sont.',
  },
  TIMEOUT: { status: 408, error: 'Délai dépassé', message: 'La requête a mis trop de temps à arriver.' },
  PAYLOAD_TOO_LARGE: { status: 413, error: 'Corps trop volumineux', message: 'Le corps de la requête est trop grand.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    error: 'Type de contenu non pris en charge',
    message: 'Content-Type: application/json est attendu, en UTF-8.',
  },
  CLIENT_CLOSED_REQUEST: { status: 499, error: 'Requête abandonnée', message: 'Le client est parti avant la réponse.' },
  INTERNAL_SERVER_ERROR: { status: 500, error: 'Erreur interne', message: 'Une erreur inattendue est survenue.' },
  SERVICE_UNAVAILABLE: {
    status: 503,
    error: 'Service indisponible',
    message: 'La base de données ne répond pas pour l’instant. Réessayez plus tard.',
  },
} as const satisfies Partial<Record<TRPCError['code'], { status: number; error: string; message: string }>>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One thing that is wrong with the input: where (`''` is the input as a whole), and what was expected instead of what. */
const issueSchema = z.object({
  path: z.string().meta({ description: 'Where in the input, fields joined by dots; empty: the input as a whole' }),
  message: z.string(),
});

export type Issue = z.infer<typeof issueSchema>;

const errorDetailsSchema = z.object({
  issues: z.array(issueSchema).optional(),
  product_id: z.number().optional().meta({ type: 'integer', description: 'The product that does not exist' }),
  path: z.string().optional().meta({ description: 'The unknown path' }),
  type: z.string().optional().meta({ description: 'Class of a simulated error' }),
  timestamp: z.string().optional(),
});

/** What some errors tell beside code and message. */
export type ErrorDetails = z.infer<typeof errorDetailsSchema>;

/** What a client is told of an error, at either door. */
export const errorBodySchema = z.object({
  error: z.string().meta({ description: 'Short label, the same for every error of one code' }),
  code: z.enum(Object.keys(errorCatalogue) as ErrorCode[]),
  message: z.string().meta({ description: 'What was wrong, the value, and what is allowed' }),
  trace_id: z
    .string()
    .nullable()
    .meta({ description: 'Trace in which the error happened; null when there is no tracing' }),
  ...errorDetailsSchema.shape,
});

export type ErrorBody = z.infer<typeof errorBodySchema>;

/** An error that a client may be told about as it is. What it stands for, if anything, is its `cause`, for the log only. */
export class ApiError extends TRPCError {
  declare readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, options: { message?: string; details?: ErrorDetails; cause?: unknown } = {}) {
    super({ code, message: options.message ?? errorCatalogue[code].message, cause: options.cause });
    this.details = options.details ?? {};
  }
}

/**
 * The one place where anything thrown becomes an error of the vocabulary. Whatever was not thrown for the client's eyes
 * (libraries' messages included) gets the fixed message of its code.
 */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof TRPCError)) return new ApiError('INTERNAL_SERVER_ERROR', { cause: error });
  const { cause, code } = error;
  if (cause instanceof ApiError) return cause;
  if (cause instanceof z.core.$ZodError) return validationError(cause);
  if (cause instanceof SyntaxError) return new ApiError('BAD_REQUEST', { message: 'Le JSON est mal formé.', cause });
  if (code === 'PARSE_ERROR') return new ApiError('BAD_REQUEST', { cause: error });
  return new ApiError(isErrorCode(code) ? code : 'INTERNAL_SERVER_ERROR', { cause: cause ?? error });
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

function validationError(cause: z.core.$ZodError): ApiError {
  const issues = cause.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const message = issues
    .map((issue) => (issue.path === '' ? issue.message : `${issue.path} : ${issue.message}`))
    .join(' ; ');
  return new ApiError('BAD_REQUEST', { message, details: { issues }, cause });
}

export function toErrorBody(error: ApiError, traceId: string | null): ErrorBody {
  const { error: label } = errorCatalogue[error.code];
  return { error: label, code: error.code, message: error.message, trace_id: traceId, ...error.details };
}

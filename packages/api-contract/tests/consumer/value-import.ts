import { createAppRouter } from '@products/api-contract';

export const router = createAppRouter;

// What requests about products leave behind.

import type { LogEvent, LogField } from './logs.js';
import type { Attribute, QuerySpanContract } from './spans.js';
import { statementOn, statementOnOne } from './statement.js';

export const productAttributes = {
  'product.id': { type: 'integer', description: 'id of the product that was found, created, changed or removed' },
} as const satisfies Record<string, Attribute>;

const onProducts = statementOn('products');
const onProduct = statementOnOne('products', 'product.id');

export const productSpans = {
  db_query_products: { ...onProducts, description: 'all products, or a page', operation: 'SELECT' },
  db_query_product_by_id: { ...onProduct, description: 'one product', operation: 'SELECT' },
  db_insert_product: { ...onProduct, description: 'a new product', operation: 'INSERT' },
  db_update_product: { ...onProduct, description: 'changes of a product', operation: 'UPDATE' },
  db_delete_product: { ...onProduct, description: 'the removal of a product', operation: 'DELETE' },
} as const satisfies Record<string, QuerySpanContract>;

export const productLogFields = {
  product_id: { type: 'integer', description: 'id of a product' },
} as const satisfies Record<string, LogField>;

export const productLogEvents = {
  products_requested: { levels: ['INFO'], message: 'Récupération de tous les produits', span: 'request' },
  products_page_requested: {
    levels: ['INFO'],
    message: 'Récupération d’une page de produits',
    fields: ['limit', 'after'],
    span: 'request',
  },
  products_retrieved: {
    levels: ['INFO'],
    message: '{count} produits récupérés',
    fields: ['count'],
    span: 'db_query_products',
  },
  product_requested: {
    levels: ['INFO'],
    message: 'Récupération du produit {product_id}',
    fields: ['product_id'],
    span: 'request',
  },
  product_retrieved: {
    levels: ['INFO'],
    message: 'Produit {product_id} récupéré',
    fields: ['product_id'],
    span: 'db_query_product_by_id',
  },
  product_creation_requested: { levels: ['INFO'], message: 'Création d’un produit', span: 'request' },
  product_created: {
    levels: ['INFO'],
    message: 'Produit {product_id} créé',
    fields: ['product_id'],
    span: 'db_insert_product',
  },
  product_update_requested: {
    levels: ['INFO'],
    message: 'Modification du produit {product_id}',
    fields: ['product_id'],
    span: 'request',
  },
  product_updated: {
    levels: ['INFO'],
    message: 'Produit {product_id} modifié',
    fields: ['product_id'],
    span: 'db_update_product',
  },
  product_deletion_requested: {
    levels: ['INFO'],
    message: 'Suppression du produit {product_id}',
    fields: ['product_id'],
    span: 'request',
  },
  product_deleted: {
    levels: ['INFO'],
    message: 'Produit {product_id} supprimé',
    fields: ['product_id'],
    span: 'db_delete_product',
  },
} as const satisfies Record<string, LogEvent>;

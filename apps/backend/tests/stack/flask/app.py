"""The Flask service as its stack runs it: written after its documentation and what was measured of it, on its libraries."""

import logging
import os
import random
import sys
import time
from datetime import datetime, timezone

from flask import Flask, g, jsonify, request
from flask_cors import CORS
from flask_sqlalchemy import SQLAlchemy
from jaeger_client import Config
from opentracing.propagation import Format
from prometheus_client import Counter, Gauge
from prometheus_flask_exporter import PrometheusMetrics
from pythonjsonlogger import jsonlogger
from sqlalchemy import text
from werkzeug.exceptions import HTTPException


def now():
    return datetime.now(timezone.utc).replace(tzinfo=None)


class Formatter(jsonlogger.JsonFormatter):
    def add_fields(self, log_record, record, message_dict):
        super().add_fields(log_record, record, message_dict)
        log_record["timestamp"] = now().strftime("%Y-%m-%d %H:%M:%S")
        log_record["level"] = record.levelname
        log_record["service"] = "backend"
        span = g.get("db_span") if g else None
        if span is not None:
            log_record["trace_id"] = f"{span.trace_id:x}"
            log_record["span_id"] = f"{span.span_id:x}"


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(Formatter("%(timestamp)s %(level)s %(service)s %(message)s"))
logger = logging.getLogger("backend")
logger.addHandler(handler)
logger.setLevel(logging.INFO)

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}
CORS(app, origins=os.environ.get("CORS_ORIGINS", "*"), vary_header=True, send_wildcard=False, always_send=False)
db = SQLAlchemy(app)
metrics = PrometheusMetrics(app)
metrics.info("flask_app_info", "Backend", version="1.0.0")
queries = Counter("database_queries_total", "Queries", ["operation", "table"])
pool = Gauge("database_connection_pool", "Pool", ["status"])
DELAY = float(os.environ.get("SLOW_ENDPOINT_DELAY", 5))


class Product(db.Model):
    __tablename__ = "products"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(200), nullable=False)
    price = db.Column(db.Float, nullable=False)
    category = db.Column(db.String(100), nullable=False)
    created_at = db.Column(db.DateTime, nullable=False, default=now)

    def to_dict(self):
        return {
            "id": self.id,
            "name": self.name,
            "price": self.price,
            "category": self.category,
            "created_at": self.created_at.isoformat(),
        }


def init_tracer():
    config = {"sampler": {"type": "const", "param": 1}, "local_agent": {"reporting_host": "127.0.0.1"}}
    return Config(config=config, service_name="backend-service", validate=True).initialize_tracer()


tracer = None


class Statement:
    """A span of its own trace around a statement, as the service had it."""

    def __init__(self, name, operation):
        self.name, self.operation = name, operation

    def __enter__(self):
        global tracer
        tracer = tracer or init_tracer()
        self.span = tracer.start_span(self.name) if tracer else None
        g.db_span = self.span
        queries.labels(self.operation, "products").inc()
        return self.span

    def __exit__(self, *_):
        g.db_span = None
        if self.span:
            self.span.finish()


@app.before_request
def receive():
    if request.path != "/metrics":
        logger.info(f"Requête reçue: {request.method} {request.path}", extra={
            "method": request.method, "path": request.path, "remote_addr": request.remote_addr})
    engine = db.engine.pool
    pool.labels("size").set(engine.size())
    pool.labels("checked_out").set(engine.checkedout())


@app.after_request
def complete(response):
    if request.path != "/metrics":
        logger.info(f"Requête complétée: {request.method} {request.path}", extra={
            "method": request.method, "path": request.path, "status": response.status_code})
    return response


@app.get("/products")
def list_products():
    logger.info("Récupération de tous les produits")
    try:
        with Statement("db_query_products", "SELECT"):
            found = db.session.execute(db.select(Product).order_by(Product.id)).scalars().all()
            logger.info(f"{len(found)} produits récupérés", extra={"count": len(found)})
        return jsonify([product.to_dict() for product in found])
    except Exception as error:
        logger.error(f"Erreur: {error}", exc_info=True)
        return jsonify({"error": "Erreur serveur"}), 500


@app.get("/products/<int:product_id>")
def get_product(product_id):
    logger.info(f"Récupération du produit {product_id}", extra={"product_id": product_id})
    try:
        with Statement("db_query_product_by_id", "SELECT"):
            product = db.session.get(Product, product_id)
        if product is None:
            logger.warning(f"Produit {product_id} non trouvé", extra={"product_id": product_id})
            return jsonify({"error": "Produit non trouvé", "product_id": product_id}), 404
        return jsonify(product.to_dict())
    except Exception as error:
        db.session.rollback()
        logger.error(f"Erreur: {error}", exc_info=True)
        return jsonify({"error": "Erreur serveur"}), 500


@app.post("/products")
def create_product():
    data = request.get_json()
    if not data:
        return jsonify({"error": "Données JSON manquantes"}), 400
    errors = []
    if not isinstance(data, dict) or not data.get("name"):
        errors.append("name est requis")
    if not isinstance(data, dict) or not data.get("price"):
        errors.append("price est requis")
    if not isinstance(data, dict) or not data.get("category"):
        errors.append("category est requis")
    if errors:
        return jsonify({"error": "Validation échouée", "details": errors}), 400
    logger.info("Création d’un produit", extra={"product_name": data["name"]})
    try:
        with Statement("db_insert_product", "INSERT"):
            product = Product(name=data["name"], price=float(data["price"]), category=data["category"])
            db.session.add(product)
            db.session.commit()
            logger.info(f"Produit {product.id} créé", extra={"product_id": product.id})
        return jsonify(product.to_dict()), 201
    except Exception as error:
        db.session.rollback()
        logger.error(f"Erreur: {error}", exc_info=True)
        return jsonify({"error": "Erreur serveur"}), 500


@app.get("/slow")
def slow():
    time.sleep(DELAY)
    return jsonify({"message": f"Réponse après {DELAY:g} secondes de latence", "delay_seconds": DELAY,
                    "timestamp": now().isoformat()})


@app.get("/error")
def fail():
    kind = random.choice(["Division par zéro", "Index hors limites", "Clé inexistante", "Type invalide"])
    try:
        {"Division par zéro": lambda: 1 / 0, "Index hors limites": lambda: [][1],
         "Clé inexistante": lambda: {}["x"], "Type invalide": lambda: "a" + 1}[kind]()
    except Exception as error:
        logger.error(f"Erreur: {error}", exc_info=True, extra={"error_type": kind})
        return jsonify({"error": "Erreur simulée", "type": kind, "message": str(error),
                        "timestamp": now().isoformat()}), 500


@app.get("/health")
def health():
    try:
        db.session.execute(text("SELECT 1"))
        return jsonify({"status": "UP", "service": "backend", "database": "connected", "timestamp": now().isoformat()})
    except Exception:
        return jsonify({"status": "DEGRADED", "service": "backend", "database": "disconnected",
                        "timestamp": now().isoformat()}), 503


@app.errorhandler(404)
def not_found(_error):
    return jsonify({"error": "Route non trouvée", "path": request.path}), 404


@app.errorhandler(405)
def not_allowed(error):
    return error


@app.errorhandler(Exception)
def failed(error):
    if isinstance(error, HTTPException) and error.code == 405:
        return error
    logger.error(f"Erreur: {error}", exc_info=True)
    return jsonify({"error": "Erreur interne du serveur"}), 500

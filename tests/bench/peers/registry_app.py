"""The peer of `GET projects/{id}`: one project and the names of its models, from two tables with SQLAlchemy and SQLite,
as FastAPI answers them.

Usage: registry_app.py FILE   makes the database with one project like ours; then, with PEER_DATABASE=FILE,
`uvicorn --workers 2 registry_app:app` serves it.
"""
import datetime
import os
import sys

from fastapi import FastAPI, HTTPException
from sqlalchemy import Column, DateTime, ForeignKey, Integer, String, create_engine
from sqlalchemy.ext.declarative import declarative_base
from sqlalchemy.orm import relationship, sessionmaker

Base = declarative_base()


class Project(Base):
    __tablename__ = "projects"
    id = Column(Integer, primary_key=True)
    workspace_id = Column(Integer, nullable=False)
    name = Column(String, nullable=False)
    description = Column(String)
    git_url = Column(String)
    updated = Column(DateTime, nullable=False)
    created = Column(DateTime, nullable=False)
    facets = relationship("Facet", order_by="Facet.id")


class Facet(Base):
    __tablename__ = "project_facets"
    id = Column(Integer, primary_key=True)
    project_id = Column(Integer, ForeignKey("projects.id"), index=True)
    kind = Column(String, nullable=False)
    name = Column(String, nullable=False)


def make_sessions(file):
    engine = create_engine(f"sqlite:///{file}", connect_args={"check_same_thread": False})
    return engine, sessionmaker(bind=engine)


app = FastAPI()
Session = make_sessions(os.environ["PEER_DATABASE"])[1] if "PEER_DATABASE" in os.environ else None


@app.get("/projects/{project_id}/")
def project(project_id: int):
    with Session() as session:
        row = session.get(Project, project_id)
        if row is None:
            raise HTTPException(404, "no such project")
        return {"data": {
            "id": row.id, "workspace_id": row.workspace_id, "name": row.name, "description": row.description,
            "all_hyperparameters": [facet.name for facet in row.facets if facet.kind == "hyperparameter"],
            "all_parameters": [facet.name for facet in row.facets if facet.kind == "parameter"],
            "all_metrics": [facet.name for facet in row.facets if facet.kind == "metric"],
            "git_url": row.git_url, "updated": row.updated.isoformat() + "+00:00",
            "created": row.created.isoformat() + "+00:00",
            "_links": {"self": f"http://localhost/projects/{row.id}/"}}}


def make_database(file):
    engine, sessions = make_sessions(file)
    Base.metadata.create_all(engine)
    now = datetime.datetime.utcnow()
    with sessions() as session:
        row = Project(id=1, workspace_id=1, name="Digits", description="handwritten digits",
                      git_url="https://git.example.com/digits", updated=now, created=now)
        row.facets = [Facet(kind=kind, name=name) for kind, name in [
            ("hyperparameter", "lr"), ("hyperparameter", "epochs"), ("parameter", "layers"), ("metric", "acc"),
            ("metric", "loss")]]
        session.add(row)
        session.commit()


if __name__ == "__main__":
    make_database(sys.argv[1])

"""A grpcio client to be killed in mid-stream: prints each event it gets. Arguments: stubs, target, id, document."""

import importlib
import sys

import grpc


def main(stubs: str, target: str, execution_id: str, document: str) -> None:
    sys.path.insert(0, stubs)
    package = "ai.stigmer.agentic.workflowrunner.v1"
    io = importlib.import_module(f"{package}.io_pb2")
    service = importlib.import_module(f"{package}.service_pb2_grpc")
    stub = service.WorkflowExecutionServiceStub(grpc.insecure_channel(target))
    for event in stub.Execute(io.WorkflowExecuteInput(workflow_execution_id=execution_id, workflow_yaml=document)):
        print(event.event_type, event.task_name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

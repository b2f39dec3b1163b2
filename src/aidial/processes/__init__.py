"""Child processes that cannot outlive this one, and a supervisor for a tree of them.

    with Supervisor(data / "log", on_progress=print) as tree:
        tree.add(check=postgres.keep_running, stop=postgres.stop)
        postgres.start()
        tree.start(Program("api", command, env, ready=lambda: answers(url)))
        tree.run()

The one thing a newcomer would get wrong: leaving the `with` by SIGTERM or Ctrl-C is the ordinary way
out, so code after it runs and the exit status is 0.
"""

from aidial.processes.child import Child, ChildFailed, Program, answers
from aidial.processes.supervisor import StopRequested, Supervisor

__all__ = ["Child", "ChildFailed", "Program", "StopRequested", "Supervisor", "answers"]

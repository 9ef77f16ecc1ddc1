"""Lets papermill set the parameters of TypeScript notebooks (kernel tslab).

papermill writes a cell of parameters by a translator of the notebook's language, and has none for TypeScript; a package can
offer engines to it, but no translators. This one offers an engine, the usual one under another name, so that papermill
imports it; that registers the translator for every engine.

    pip install ./integrations/papermill
    papermill notebooks/fig03-intrinsic-dimension.ipynb out/fig03.ipynb -p PROMPTS 8 -y 'MODELS: [llama-mini]' --engine token_geometry
"""

import json
import re

from nbformat.v4 import new_output
from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

DECLARATION = re.compile(r"^\s*let\s+([A-Za-z_$][\w$]*)\s*(?::\s*([^=]+?))?\s*=\s*(.*?);\s*(?://\s*(.*))?$")


class TypeScriptTranslator(Translator):
    """Values as JSON, which TypeScript reads; NaN and Infinity have the same names in both."""

    @classmethod
    def translate(cls, val):
        return json.dumps(val, ensure_ascii=False, default=str)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def codify(cls, parameters, comment="Parameters"):
        """A block of assignments: the cell before it declares the names, each with its type."""
        assignments = [f"  {name} = {cls.translate(value)};" for name, value in parameters.items()]
        return "\n".join([cls.comment(comment), "{", *assignments, "}"]) + "\n"

    @classmethod
    def inspect(cls, parameters_cell):
        """What `papermill --help-notebook` lists: names, values and comments of the cell that declares them."""
        found = (DECLARATION.match(line) for line in parameters_cell["source"].splitlines())
        return [
            Parameter(name=one[1], inferred_type_name=one[2] or "None", default=one[3], help=one[4] or "")
            for one in found
            if one
        ]


class TypeScriptEngine(NBClientEngine):
    """
    As papermill runs notebooks without it (`--engine token_geometry`), with what tslab does not tell by the protocol: cells get
    their numbers, and the message of one that fails, which it writes to stderr, becomes an error that papermill shows.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man, *args, **kwargs):
        result = super().execute_managed_notebook(nb_man, *args, **kwargs)
        cells = [cell for cell in nb_man.nb.cells if cell.cell_type == "code" and cell.source.strip()]
        for number, cell in enumerate(cells, 1):
            state = cell.metadata.get("papermill", {})
            if state.get("status") not in ("completed", "failed"):
                continue
            if cell.execution_count is None:
                cell.execution_count = number
            if state.get("exception") and not any(output.output_type == "error" for output in cell.outputs):
                cell.outputs.append(error_of(cell.outputs))
        return result


def error_of(outputs):
    """The last thing that a cell wrote to stderr, as an error."""
    texts = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    text = texts[-1].strip() if texts else "the cell failed without a message"
    return new_output("error", ename="Error", evalue=text.splitlines()[0], traceback=[text])


papermill_translators.register("typescript", TypeScriptTranslator)

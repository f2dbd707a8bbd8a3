"""Every YAML file in configs/ is composed, and a misspelt key is an error."""

from pathlib import Path

import pytest
from conftest import ROOT
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException
from omegaconf import OmegaConf

from govstance.apply_config import APPLY_SCHEMAS
from govstance.config import SCHEMAS, TrainConfig, register_schemas, to_dataclass
from govstance.sweep_config import SWEEP_SCHEMAS, TuneConfig

CONFIGS = ROOT / "configs"
SCRIPTS = sorted([*CONFIGS.glob("*.yaml"), *(CONFIGS / "apply").glob("*.yaml")])
GROUP_FILES = sorted(path.relative_to(CONFIGS) for path in CONFIGS.glob("*/*.yaml") if path.parent.name != "apply")

# What a user must give on the command line.
REQUIRED = {
    "compare": ["runs=[outputs/a,outputs/b]"],
    "evaluate": ["model=outputs/latest", "corpus.files=[a.jsonl]"],
    "export": ["model=outputs/latest", "output=exported"],
    "predict": ["input=a.txt"],
    "prepare": [],
    "report": ["run=outputs/latest"],
    "runs": [],
    "serve": [],
    "train": [],
    "tune": [],
}


@pytest.fixture(autouse=True)
def _schemas():
    register_schemas()
    register_schemas(APPLY_SCHEMAS)
    register_schemas(SWEEP_SCHEMAS)


@pytest.fixture
def _train_configs():
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        yield


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_composes_to_its_dataclass(path):
    with initialize_config_dir(str(path.parent), version_base="1.3"):
        config = compose(path.stem, overrides=REQUIRED[path.stem])
    schema = (SCHEMAS | APPLY_SCHEMAS | SWEEP_SCHEMAS)[f"{path.stem}_schema"]
    assert isinstance(to_dataclass(config, schema), schema)


def test_every_yaml_file_is_composed_here():
    assert len(SCRIPTS) + len(GROUP_FILES) == len(list(CONFIGS.rglob("*.yaml")))


def holds(found, value) -> bool:
    """Whether a composed value is that of the file; what a schema adds to a mapping does not count."""
    if isinstance(value, dict):
        return all(holds(found[key], part) for key, part in value.items())
    if isinstance(value, list):
        return len(found) == len(value) and all(map(holds, found, value))
    return bool(found == value)


@pytest.mark.usefixtures("_train_configs")
@pytest.mark.parametrize("path", GROUP_FILES, ids=str)
def test_every_file_of_every_group_composes(path: Path):
    script, schema = ("tune", TuneConfig) if path.parent.name == "search" else ("train", TrainConfig)
    composed = compose(script, overrides=[f"{path.parent}={path.stem}"])
    config = to_dataclass(composed, schema)
    content = OmegaConf.load(CONFIGS / path)
    if path.parent.name == "experiment":
        assert config.name == path.stem
        for key, value in content.get("training", {}).items():
            assert getattr(config.training, key) == value
    else:
        group = OmegaConf.to_container(composed[path.parent.name])
        for key, value in OmegaConf.to_container(content).items():
            if "${" not in str(value):
                assert holds(group[key], value), key


@pytest.mark.usefixtures("_train_configs")
def test_an_experiment_wins_over_the_groups():
    assert compose("train").training.frozen_layers > 0
    assert compose("train", overrides=["experiment=full"]).training.frozen_layers == 0


@pytest.mark.usefixtures("_train_configs")
@pytest.mark.parametrize("override", ["training.learning_rat=1e-3", "model.layuot=pair", "sed=1", "corpus.file=[a]"])
def test_a_misspelt_key_on_the_command_line_is_an_error(override):
    with pytest.raises(ConfigCompositionException, match="Could not override"):
        compose("train", overrides=[override])


@pytest.mark.usefixtures("_train_configs")
def test_a_misspelt_key_in_a_file_is_an_error(tmp_path):
    folder = tmp_path / "training"
    folder.mkdir()
    (folder / "typo.yaml").write_text("epochs: 2\nfrozen_layer: 3\n")
    with pytest.raises(ConfigCompositionException, match="frozen_layer"):
        compose("train", overrides=["training=typo", f"hydra.searchpath=[file://{tmp_path}]"])


@pytest.mark.usefixtures("_train_configs")
def test_a_value_of_the_wrong_type_is_an_error():
    with pytest.raises(ConfigCompositionException):
        compose("train", overrides=["training.epochs=many"])


@pytest.mark.usefixtures("_train_configs")
def test_seed_zero_is_a_seed():
    assert to_dataclass(compose("train", overrides=["seed=0"]), TrainConfig).seed == 0

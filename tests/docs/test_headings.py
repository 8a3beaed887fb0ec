"""The chapters have a heading for each concept of *Deep Learning with Python*, chapters 2 and 3, in both languages."""

from __future__ import annotations

import re

import pytest
from tools import pages

# The book's concept -> chapter, and the heading that has it in each language.
CONCEPTS = {
    "a first look at a neural network": (1, "The network", "신경망"),
    "scalars": (2, "Rank 0: scalars", "랭크 0: 스칼라"),
    "vectors": (2, "Rank 1: vectors", "랭크 1: 벡터"),
    "matrices": (2, "Rank 2: matrices", "랭크 2: 행렬"),
    "rank-3 and higher tensors": (2, "Rank 3 and higher", "랭크 3과 그 위"),
    "key attributes": (2, "Three things to know of a tensor", "텐서에 대해 알아야 할 세 가지"),
    "manipulating tensors": (2, "Slices", "슬라이싱"),
    "data batches": (2, "Batches", "배치"),
    "real-world data tensors": (2, "Data of the real world", "실제 데이터"),
    "vector data": (2, "Vector data", "벡터 데이터"),
    "timeseries or sequence data": (2, "Time series", "시계열"),
    "image data": (2, "Images", "이미지"),
    "video data": (2, "Videos", "동영상"),
    "element-wise operations": (3, "Elementwise operations", "원소별 연산"),
    "broadcasting": (3, "Broadcasting", "브로드캐스팅"),
    "tensor product": (3, "The tensor product", "텐서 곱"),
    "tensor reshaping": (3, "New shapes for old numbers", "같은 숫자, 새로운 형태"),
    "geometry of tensor operations": (3, "What they do to space", "공간에서 벌어지는 일"),
    "geometry of deep learning": (3, "Uncrumpling", "구겨진 종이 펴기"),
    "derivative": (4, "The derivative", "도함수"),
    "gradient": (4, "The gradient", "그레이디언트"),
    "stochastic gradient descent": (
        4,
        "Mini-batch stochastic gradient descent",
        "미니배치 확률적 경사 하강법",
    ),
    "momentum": (4, "Momentum, RMSprop, Adam", "모멘텀, RMSprop, Adam"),
    "backpropagation, chain rule": (4, "The chain rule", "연쇄 법칙"),
    "computation graphs": (
        4,
        "The computation graph of the first network",
        "첫 신경망의 계산 그래프",
    ),
    "constants and variables": (4, "Constants and variables", "상수와 변수"),
    "gradient tape": (4, "`GradientTape`", "`GradientTape`"),
    "second-order gradients": (4, "Gradients of gradients", "그레이디언트의 그레이디언트"),
    "a linear classifier": (4, "5. A line by gradient descent", "5. 경사 하강법으로 긋는 직선"),
    "a simple Dense class": (5, "A naive dense layer", "단순한 Dense 층"),
    "a simple Sequential class": (5, "A naive sequential model", "단순한 Sequential 모델"),
    "a batch generator": (5, "A batch generator", "배치 생성기"),
    "one training step": (5, "One training step", "훈련 한 단계"),
    "the full loop, evaluation": (5, "The full loop, and how well it did", "전체 훈련 루프와 평가"),
    "the base Layer class, shape inference": (
        5,
        "A layer of narae's own kind",
        "narae의 방식으로 만든 층",
    ),
    "compile, picking a loss, fit, inference": (
        5,
        "Choosing a loss, then `compile`, `fit`, `predict`",
        "손실 고르기, 그리고 `compile`, `fit`, `predict`",
    ),
    "monitoring validation": (1, "Why the test accuracy is lower", "테스트 정확도는 왜 더 낮은가"),
}


@pytest.mark.parametrize("language", pages.LANGUAGES)
@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_concept_has_its_heading(concept: str, language: str) -> None:
    chapter, *headings = CONCEPTS[concept]
    (path,) = (pages.LEARN / language).glob(f"{chapter}-*.md")
    there = re.findall(r"^##+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[pages.LANGUAGES.index(language)] in there

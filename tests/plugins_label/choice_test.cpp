#include "plugins/label/choice.hpp"

#include <catch2/catch.hpp>

using namespace millrace::label;

TEST_CASE("the label with the largest count is chosen", "[label][choice]") {
  LabelCounts counts{{0, 0, 0}};
  counts.add(0);
  counts.add(2, 2);
  CHECK(counts.take() == Choice{2, 2});
}

TEST_CASE("of equal counts the label that is listed first is chosen, in whatever order they come",
          "[label][choice]") {
  LabelCounts counts{{0, 0, 0}};
  counts.add(2);
  counts.add(1);
  CHECK(counts.take() == Choice{1, 1});
  counts.add(1);
  counts.add(2);
  CHECK(counts.take() == Choice{1, 1});
}

TEST_CASE("a text counts for itself alone", "[label][choice]") {
  LabelCounts counts{{0, 0}};
  counts.add(1, 5);
  CHECK(counts.take() == Choice{1, 5});
  counts.add(0);
  CHECK(counts.take() == Choice{0, 1});
  CHECK(counts.take() == Choice{});
  CHECK(LabelCounts{{}}.take() == Choice{Choice::kNone, 0});
}

TEST_CASE("what a label has in every text counts with what is added", "[label][choice]") {
  LabelCounts counts{{0, 1, 1}};
  CHECK(counts.take() == Choice{1, 1});
  counts.add(2);
  CHECK(counts.take() == Choice{2, 2});
  counts.add(0);
  CHECK(counts.take() == Choice{0, 1});
  CHECK(counts.take() == Choice{1, 1});
}

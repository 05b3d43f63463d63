#include <set>

#include <catch2/catch.hpp>
#include <opencv2/imgproc.hpp>

#include "plugins/augment/chain_plan.hpp"
#include "plugins/augment/chain_tree.hpp"
#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using namespace millrace::augment::testing;

namespace {

ChainPlan planned(std::string_view ops, RecipeBook& recipes, ImageFormat source = ImageFormat::Jpeg,
                  const PictureLimits& limits = {}) {
  return plan_chain(ops, {96, 64}, source, limits, recipes);
}

std::string failure_of(std::string_view ops, const PictureLimits& limits) {
  RecipeBook recipes;
  try {
    planned(ops, recipes, ImageFormat::Png, limits);
  } catch (const RecordFailure& failure) {
    return std::string{failure.code()};
  }
  return "none";
}

}  // namespace

TEST_CASE("chains of turns are one turn, noop in between changes nothing", "[augment][chain]") {
  RecipeBook recipes;
  CHECK(planned("flip", recipes).turn == Turn::Flip);
  CHECK(planned("flip,noop,flop", recipes).turn == Turn::Rotate180);
  CHECK(planned("flip,flip", recipes).turn == Turn::None);
  CHECK(planned("rotate/90,rotate/90,rotate/-270,transpose,transverse", recipes).turn ==
        Turn::Rotate90);
  CHECK(planned("noop", recipes).turn == Turn::None);
  CHECK_FALSE(planned("flip,rotate/45", recipes).turn);
  CHECK_FALSE(planned("flip,blur/1", recipes).turn);
  CHECK_FALSE(planned("flip,jpeg/80", recipes).turn);
  CHECK_FALSE(planned("rotate/90/expand:0", recipes).turn);
}

TEST_CASE("the last jpeg of a chain sets the quality of the one encoding", "[augment][chain]") {
  RecipeBook recipes;
  const auto last = planned("flip,jpeg/60,noop", recipes);
  CHECK(last.encoding == Encoding{ImageFormat::Jpeg, 60});
  CHECK(last.steps.size() == 1);
  const auto first = planned("jpeg/60,flip", recipes);
  CHECK(first.encoding == Encoding{ImageFormat::Jpeg, 95});
  CHECK(first.steps.size() == 2);
  const auto both = planned("jpeg/30,quality/60", recipes);
  CHECK(both.encoding.quality == 60);
  CHECK(both.steps.size() == 1);
  const auto png = planned("jpeg/60", recipes, ImageFormat::Png);
  CHECK(png.encoding == Encoding{ImageFormat::Png, 95});
  CHECK(png.steps.size() == 1);
}

TEST_CASE("sizes are known before a pixel is touched", "[augment][chain]") {
  RecipeBook recipes;
  const auto plan = planned("rotate/90,crop/50x60,resize/200p", recipes);
  REQUIRE(plan.movements.size() == 3);
  CHECK(plan.steps[1].before == cv::Size{64, 96});
  CHECK(plan.movements[1].size == cv::Size{50, 60});
  CHECK(plan.movements[2].size == cv::Size{100, 120});
}

TEST_CASE("results beyond the limits are too large, impossible ones fail", "[augment][chain]") {
  CHECK(failure_of("resize/1000p", {}) == "none");
  CHECK(failure_of("resize/1000p", {.max_side = 959}) == "too_large");
  CHECK(failure_of("resize/1000p", {.max_side = 960}) == "none");
  CHECK(failure_of("resize/1000p", {.max_pixels = 960 * 640 - 1}) == "too_large");
  CHECK(failure_of("resize/1000p,crop/5x5", {.max_side = 500}) == "too_large");
  CHECK(failure_of("resize/1000p,resize/1000p,resize/1000p,resize/1000p", {}) == "too_large");
  CHECK(failure_of("crop/5x5/x:96", {}) == "op_failed");
  CHECK(failure_of("frobnicate", {}) == "op_failed");
  CHECK(failure_of("rotate/[1,2]", {}) == "op_failed");
  CHECK(failure_of("", {}) == "op_failed");
}

TEST_CASE("what chains share is computed once and gives what each gives alone",
          "[augment][chain]") {
  const std::vector<std::string> chains{"flip",
                                        "flip",
                                        "flip,blur/1.5",
                                        "flip,blur/1.5,crop/40x30",
                                        "flip,crop/96x64,brightness/0.2",
                                        "crop/50x50,rotate/30,noise/9/seed:4,resize/50p",
                                        "noop",
                                        "noise/9/seed:4",
                                        "noise/9/seed:5"};
  const auto picture = scene({96, 64});
  RecipeBook recipes;
  ChainTree tree;
  for (std::size_t i = 0; i < chains.size(); ++i)
    tree.add(planned(chains[i], recipes, ImageFormat::Png), i);

  std::map<std::size_t, cv::Mat> results;
  std::size_t finished = 0;
  PicturePool pool;
  for (int round = 0; round < 2; ++round) {  // the second round works in the memory of the first
    results.clear();
    finished = 0;
    tree.run(
        picture.clone(), pool,
        {.finished =
             [&](const cv::Mat& result, const Encoding&, const std::vector<std::size_t>& copies) {
               ++finished;
               for (const auto copy : copies) results[copy] = result.clone();
             },
         .failed = [](const std::vector<std::size_t>&, const std::string& why) { FAIL(why); }});
    CHECK(finished == chains.size() - 1);  // two are equal
    REQUIRE(results.size() == chains.size());
    for (std::size_t i = 0; i < chains.size(); ++i) {
      INFO(chains[i]);
      cv::Mat alone = picture.clone();
      std::string_view rest = chains[i];
      while (!rest.empty()) {
        const auto text = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), text.size() + 1));
        if (text != "noop") alone = applied(text, alone).clone();
      }
      CHECK(largest_difference(results[i], alone) == 0);
    }
  }
}

TEST_CASE("an operation that OpenCV refuses fails its copies and no others", "[augment][chain]") {
  static const OpSpec refusing{.name = "refusing",
                               .doc = "Always fails.",
                               .pixels = [](const Step&, const cv::Mat& in, cv::Mat& out) {
                                 cv::cvtColor(in, out, cv::COLOR_BayerBG2BGR);  // wants one channel
                               }};
  const ResolvedOp refusal{&refusing, Args{{}}, 0};
  RecipeBook recipes;
  auto bad = planned("flip", recipes, ImageFormat::Png);
  bad.steps.push_back({&refusal, {96, 64}});
  auto worse = bad;
  worse.steps.push_back(bad.steps.front());
  ChainTree tree;
  tree.add(planned("flip", recipes, ImageFormat::Png), 0);
  tree.add(bad, 1);
  tree.add(worse, 2);
  std::set<std::size_t> finished, failed;
  PicturePool pool;
  tree.run(scene({96, 64}), pool,
           {.finished =
                [&](const cv::Mat&, const Encoding&, const std::vector<std::size_t>& copies) {
                  finished.insert(copies.begin(), copies.end());
                },
            .failed =
                [&](const std::vector<std::size_t>& copies, const std::string& why) {
                  CHECK(why.find("refusing") == 0);
                  failed.insert(copies.begin(), copies.end());
                }});
  CHECK(finished == std::set<std::size_t>{0});
  CHECK(failed == std::set<std::size_t>{1, 2});
}

TEST_CASE("the pool gives no memory away that somebody still sees", "[augment][chain]") {
  PicturePool pool;
  cv::Mat picture = scene({8, 8});
  const cv::Mat view = picture(cv::Rect{0, 0, 4, 4});
  pool.give(picture);
  CHECK(pool.take().empty());
  cv::Mat own = scene({8, 8});
  const auto* memory = own.data;
  pool.give(std::move(own));
  CHECK(pool.take().data == memory);
  CHECK(pool.take().empty());
}

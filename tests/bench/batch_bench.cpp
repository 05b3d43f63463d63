// What the data plane costs: passing a batch on, reading, choosing, joining and replacing columns.
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <millrace/batch.hpp>

namespace {

using namespace millrace;

// A table like a list of pictures: an address, a text of labels, two numbers, every 16th row null.
Batch pictures(std::int64_t rows) {
  Builder<std::string_view> url;
  Builder<std::string_view> labels;
  Builder<std::int64_t> root;
  Builder<double> area;
  for (std::int64_t row = 0; row < rows; ++row) {
    url.append("qiniu:///z0/bucket/pictures/" + std::to_string(row) + ".jpg");
    row % 16 == 0 ? labels.append_null()
                  : labels.append(R"([{"name": "cat", "bbox": [[1, 2], [3, 4]]}])");
    root.append(row);
    row % 16 == 1 ? area.append_null() : area.append(static_cast<double>(row % 100));
  }
  return Batch{}
      .with("url", std::move(url))
      .with("label", std::move(labels))
      .with("area", std::move(area))
      .with(kRootColumn, std::move(root));
}

struct Pair {
  ArrowArray array{};
  ArrowSchema schema{};
};

// An operator that only passes a batch on: import, move, export.
void pass_through(benchmark::State& state) {
  Pair pair;
  pictures(state.range(0)).export_to(&pair.array, &pair.schema);
  for (auto _ : state) {
    Batch batch = Batch::import(&pair.array, &pair.schema);
    Batch moved = std::move(batch);
    std::move(moved).export_to(&pair.array, &pair.schema);
    benchmark::DoNotOptimize(pair);
  }
  const Batch last = Batch::import(&pair.array, &pair.schema);
}
BENCHMARK(pass_through)->Arg(1024);

// The same with a look inside, which checks and parses it.
void parse_and_pass(benchmark::State& state) {
  Pair pair;
  pictures(state.range(0)).export_to(&pair.array, &pair.schema);
  for (auto _ : state) {
    Batch batch = Batch::import(&pair.array, &pair.schema);
    benchmark::DoNotOptimize(batch.size_bytes());
    std::move(batch).export_to(&pair.array, &pair.schema);
  }
  const Batch last = Batch::import(&pair.array, &pair.schema);
}
BENCHMARK(parse_and_pass)->Arg(1)->Arg(1024)->Arg(65'536);

void share(benchmark::State& state) {
  const Batch batch = pictures(1024);
  for (auto _ : state) {
    const Batch other = batch.share();
    benchmark::DoNotOptimize(other.rows());
  }
}
BENCHMARK(share);

void read_numbers(benchmark::State& state) {
  const Batch batch = pictures(state.range(0));
  for (auto _ : state) {
    const auto area = batch.column<double>("area");
    double sum = 0;
    for (std::int64_t row = 0; row < area.size(); ++row) sum += area.value(row);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_numbers)->Arg(65'536);

void read_texts(benchmark::State& state) {
  const Batch batch = pictures(state.range(0));
  for (auto _ : state) {
    const auto url = batch.column<std::string_view>("url");
    std::size_t sum = 0;
    for (std::int64_t row = 0; row < url.size(); ++row) sum += url.value(row).size();
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(read_texts)->Arg(65'536);

void keep_half(benchmark::State& state) {
  const Batch batch = pictures(state.range(0));
  for (auto _ : state) {
    const Batch kept = batch.share().keep_rows("area", [](double area) { return area < 50; });
    benchmark::DoNotOptimize(kept.rows());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(keep_half)->Arg(1024)->Arg(65'536);

void take_every_third(benchmark::State& state) {
  const Batch batch = pictures(state.range(0));
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < state.range(0); row += 3) rows.push_back(row);
  for (auto _ : state) {
    const Batch taken = batch.take(rows);
    benchmark::DoNotOptimize(taken.rows());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(rows.size()));
}
BENCHMARK(take_every_third)->Arg(1024)->Arg(65'536);

void concat_sixteen(benchmark::State& state) {
  const Batch batch = pictures(state.range(0));
  for (auto _ : state) {
    std::vector<Batch> parts;
    for (int part = 0; part < 16; ++part) parts.push_back(batch.share());
    const Batch joined = Batch::concat(std::move(parts));
    benchmark::DoNotOptimize(joined.rows());
  }
  state.SetItemsProcessed(state.iterations() * 16 * state.range(0));
}
BENCHMARK(concat_sixteen)->Arg(64)->Arg(4096);

void build_and_replace(benchmark::State& state) {
  const Batch batch = pictures(state.range(0));
  for (auto _ : state) {
    Builder<double> area;
    area.reserve(state.range(0));
    for (std::int64_t row = 0; row < state.range(0); ++row) area.append(static_cast<double>(row));
    const Batch changed = batch.share().with("area", std::move(area));
    benchmark::DoNotOptimize(changed.rows());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(build_and_replace)->Arg(65'536);

void build_texts(benchmark::State& state) {
  for (auto _ : state) {
    Builder<std::string_view> url;
    for (std::int64_t row = 0; row < state.range(0); ++row)
      url.append("qiniu:///z0/bucket/pictures/12345.jpg");
    const Batch made = Batch{}.with("url", std::move(url));
    benchmark::DoNotOptimize(made.rows());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(build_texts)->Arg(65'536);

}  // namespace

BENCHMARK_MAIN();

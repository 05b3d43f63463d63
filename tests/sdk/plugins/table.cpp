// Two operators that are rows of a table and share one class.
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

namespace {

using namespace millrace;

struct Row {
  const char* id;
  std::int64_t factor;
};
constexpr std::array kRows = {Row{"augment.twice", 2}, Row{"augment.thrice", 3}};

class Times final : public Operator {
 public:
  explicit Times(const Row& row) : factor_{row.factor} {}
  void process(Context& context, Batch batch) override {
    const auto column = batch.column<std::int64_t>("n");
    Builder<std::int64_t> products;
    for (std::int64_t row = 0; row < column.size(); ++row)
      products.append(column.value(row) * factor_);
    context.emit(std::move(batch).with("n", std::move(products)));
  }

 private:
  std::int64_t factor_;
};

const std::vector<OperatorDefinition>& operators() {
  static const std::vector<OperatorDefinition> all = [] {
    std::vector<OperatorDefinition> made;
    for (const Row& row : kRows) {
      OperatorDefinition definition;
      definition.id = row.id;
      definition.role = Role::Augment;
      definition.declaration = declaration("Multiplies n.", "", R"({"stateless": true})");
      definition.data = &row;
      definition.plan = [](Context& context, const Params&, const void* data) {
        context.trait("factor", std::to_string(static_cast<const Row*>(data)->factor));
      };
      definition.make_operator = [](Context&, const Params&,
                                    const void* data) -> std::unique_ptr<Operator> {
        return std::make_unique<Times>(*static_cast<const Row*>(data));
      };
      made.push_back(std::move(definition));
    }
    return made;
  }();
  return all;
}

}  // namespace

MR_PLUGIN_TABLE("test.table", "0.1.0", operators)

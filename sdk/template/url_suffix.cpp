#include <millrace/operator.hpp>

namespace {

class UrlSuffix final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.url_suffix";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kDoc = "Keeps the rows whose address ends with a text.";
  static constexpr auto kParams =
      R"({"suffix": {"type": "string", "default": ".jpg", "doc": "How an address must end."}})";
  static constexpr auto kTraits = R"({"replicable": true, "reads": {"url": "utf8"}})";

  explicit UrlSuffix(const millrace::Params& params) : suffix_{params.string("suffix", ".jpg")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    context.emit(std::move(batch).keep_rows(
        "url", [this](std::string_view url) { return url.ends_with(suffix_); }));
  }

 private:
  std::string suffix_;
};
}  // namespace

MR_PLUGIN("example.url_suffix", "1.0.0", UrlSuffix)

#include "plugins/train/model_output.hpp"

#include <utility>

#include "plugins/learn/model_file.hpp"

namespace millrace::train {

namespace {

void write_pieces(const Context& context, Writer& writer, std::string_view bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    writer.write(bytes.substr(at, kPiece));
  }
}

Builder<std::string_view> one_text(std::string_view text) {
  Builder<std::string_view> column;
  column.append(text);
  return column;
}

}  // namespace

std::string output_address(const Params& params, std::string_view file_name) {
  const auto folder = params.string("folder");
  return folder.empty() ? params.string("file")
                        : learn::address_below(folder, params.string("path"), file_name);
}

void emit_model(Context& context, std::string_view file, const TrainedModel& model) {
  Writer content = context.stage("blob:");
  write_pieces(context, content, model.bytes);
  const std::string address = "blob:" + context.seal(content);
  if (!file.empty()) {
    Writer copy = context.stage(file);  // visible when the job has succeeded
    copy.truncate(0);                   // what an attempt before this one has left
    write_pieces(context, copy, model.bytes);
  }
  context.result("model", '"' + address + '"');
  auto row = Batch{}.with("model", one_text(address)).with("file_name", one_text(model.file_name));
  const std::pair<std::string_view, std::int64_t> numbers[] = {
      {"bytes", static_cast<std::int64_t>(model.bytes.size())},
      {"rows", model.rows},
      {"terms", model.terms},
      {"labels", model.labels}};
  for (const auto& [name, number] : numbers) {
    context.metric(name, 0, static_cast<double>(number));
    Builder<std::int64_t> column;
    column.append(number);
    row = std::move(row).with(name, std::move(column));
  }
  context.emit(std::move(row));
}

}  // namespace millrace::train

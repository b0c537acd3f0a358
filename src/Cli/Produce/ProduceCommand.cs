using System.CommandLine;
using System.Text;
using Loire.Cli.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;
using Loire.Model;
using Loire.Model.Batches;

namespace Loire.Cli.Produce;

/// <summary><c>loire produce</c>: appends a record for each line of standard input or of files, with kcat's options.</summary>
internal static class ProduceCommand
{
    public static Command Create(Caller caller)
    {
        var topic = new TopicChoice(caller);
        var partition = new Option<int?>("--partition", "-p")
        {
            Description = "The partition; by default chosen by the key, or any.",
            HelpName = "N",
        };
        var keyDelimiter = new Option<string?>("--key-delimiter", "-K")
        {
            Description = "Each record starts with its key and this delimiter.",
            HelpName = "TEXT",
        };
        var delimiter = new Option<string>("--delimiter", "-D")
        {
            Description = "The delimiter after each record.",
            HelpName = "TEXT",
            DefaultValueFactory = _ => @"\n",
        };
        var key = new Option<string?>("--key", "-k") { Description = "The key of all records.", HelpName = "TEXT" };
        var headers = new Option<string[]>("--header", "-H")
        {
            Description = "A header of all records; may be repeated.",
            HelpName = "NAME=VALUE",
        };
        var isNull = new Option<bool>("--null", "-Z") { Description = "Send an empty value as a tombstone and an empty key as null." };
        var acks = new Option<string>("--acks", "-a")
        {
            Description = "Acknowledgement to wait for.",
            HelpName = "all|1|0",
            DefaultValueFactory = _ => "all",
        };

        acks.AcceptOnlyFromAmong("all", "-1", "1", "0");
        var codec = CodecOption.Create();
        var lines = new Option<string[]>("--lines", "-l")
        {
            Description = "Read the records of this file ('-' is standard input); may be repeated.",
            HelpName = "FILE",
        };
        var files = new Option<string[]>("--file") { Description = "This file is one record; may be repeated.", HelpName = "FILE" };
        var from = new Option<string>("--from")
        {
            Description = "What a line is: text, the value; or ndjson, a record as 'consume --output ndjson' writes it.",
            HelpName = "text|ndjson",
            DefaultValueFactory = _ => "text",
        };
        from.AcceptOnlyFromAmong("text", "ndjson");
        var tee = new Option<bool>("--tee", "-T") { Description = "Also write what is read to standard output." };
        var command = new Command("produce", "Appends a record for each line of standard input.")
        {
            topic.Argument, topic.Option, partition, keyDelimiter, delimiter, key, headers, isNull, acks, codec, lines, files, from, tee,
        };
        command.SetAction(async (parsed, interrupted) =>
        {
            var name = topic.Of(parsed);
            var compression = CodecOption.Read(parsed, codec);
            var ends = Escapes.Bytes(parsed.GetValue(delimiter)!, "-D");
            if (ends.Length == 0)
            {
                throw CliException.Usage("-D must not be empty.", "--file sends a whole file as one record.");
            }

            var keyEnds = parsed.GetValue(keyDelimiter) is { } text ? Escapes.Bytes(text, "-K") : null;
            if (keyEnds is { Length: 0 })
            {
                throw CliException.Usage("-K must not be empty.", "without it, lines have no keys.");
            }

            var fixedKey = parsed.GetValue(key) is { } fixedText ? Encoding.UTF8.GetBytes(fixedText) : null;
            var shape = new RecordShape(keyEnds, fixedKey, parsed.GetValue(isNull), Headers(parsed.GetValue(headers) ?? []));
            var isJson = parsed.GetValue(from) == "ndjson";
            Option[] ofText = [keyDelimiter, delimiter, key, headers, isNull, files];
            if (isJson && Array.Find(ofText, option => parsed.GetResult(option) is { Implicit: false }) is { } other)
            {
                throw CliException.Usage($"With --from ndjson each line says all of its record; {other.Name} goes with text.");
            }

            var inputs = Inputs(parsed.GetValue(lines) ?? [], parsed.GetValue(files) ?? [], caller);
            using var node = GlobalOptions.Connect(parsed, caller);
            int[] wanted = parsed.GetValue(partition) is { } number ? [number] : [];
            await node.SelectPartitionsAsync(name, wanted, interrupted);
            var count = await node.PartitionsCountAsync(name, interrupted);
            var maxBytes = await node.MaxMessageBytesAsync(name, interrupted);
            var settings = new ProduceSettings(name, count, parsed.GetValue(acks)!, maxBytes, compression);
            using var producer = new RecordProducer(node, settings, caller.Random);
            Func<ReadOnlyMemory<byte>, OutgoingRecord?> make = isJson ? JsonRecord.Read : piece => shape.Make(piece);
            var run = new ProduceRun(producer, make, parsed.GetValue(partition), ends, caller) { Tees = parsed.GetValue(tee) };
            await run.RunAsync(inputs, isJson ? LineBytes(maxBytes) : maxBytes, interrupted);
            return 0;
        });
        return command;
    }

    // A character takes up to six bytes as an escape; names, numbers and brackets come on top.
    private static int LineBytes(int maxBytes) => (int)Math.Min((6L * maxBytes) + 65_536, Array.MaxLength / 2);

    private static List<(Func<Stream> Open, bool IsWhole)> Inputs(string[] lines, string[] files, Caller caller)
    {
        Func<Stream> Opener(string path) => path == "-" ? () => caller.Terminal.Input : () => File.OpenRead(path);
        foreach (var path in lines.Concat(files).Where(path => path != "-" && !File.Exists(path)))
        {
            throw new CliException(ExitCode.NotFound, "FILE_NOT_FOUND", $"There is no file {path}; nothing was sent.");
        }

        List<(Func<Stream>, bool)> inputs = [.. lines.Select(path => (Opener(path), false)), .. files.Select(path => (Opener(path), true))];
        return inputs.Count > 0 ? inputs : [(Opener("-"), false)];
    }

    private static RecordHeader[] Headers(string[] texts) => texts.Length > Limits.HeadersPerRecord
        ? throw CliException.Usage($"A record has at most {Limits.HeadersPerRecord} headers.")
        : Array.ConvertAll(texts, text =>
        {
            // Without '=' the value is null, as with kcat.
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var name = Encoding.UTF8.GetBytes(equals < 0 ? text : text[..equals]);
            return new RecordHeader(name, equals < 0 ? default : Encoding.UTF8.GetBytes(text[(equals + 1)..]), ValueIsNull: equals < 0);
        });
}

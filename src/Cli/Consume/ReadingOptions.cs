using System.CommandLine;
using Loire.Cli.CommandLine;
using Loire.Cli.Consume.Formats;
using Loire.Cli.Consume.Members;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Cli.Node;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;
using Loire.Model;

namespace Loire.Cli.Consume;

/// <summary>
/// The options shared by <c>consume</c> and <c>tail</c>: the topic, the partitions, the output format, and how long the node may be
/// unreachable.
/// </summary>
internal sealed class ReadingOptions
{
    private readonly TopicChoice _topic;
    private readonly Caller _caller;
    private readonly Option<int[]> _partitions = new("--partition", "-p")
    {
        Description = "Only this partition; may be repeated.",
        HelpName = "N",
    };
    private readonly Option<string?> _keyDelimiter = new("--key-delimiter", "-K")
    {
        Description = "Write the key and this delimiter before the value.",
        HelpName = "TEXT",
    };
    private readonly Option<string> _delimiter = new("--delimiter", "-D")
    {
        Description = "Delimiter after each record.",
        HelpName = "TEXT",
        DefaultValueFactory = _ => @"\n",
    };
    private readonly Option<string?> _printf = new("--format", "-f")
    {
        Description = "The format of a record, with kcat's tokens: %t topic, %p partition, %o offset, %k key, %s value, %K %S lengths, "
            + "%T time, %h headers.",
        HelpName = "FORMAT",
    };
    private readonly Option<bool> _envelope = new("--json", "-J") { Description = "kcat's JSON, one line per record." };
    private readonly Option<bool> _null = new("--null", "-Z") { Description = "Write NULL for a missing key or value." };
    private readonly Option<string> _output = new("--output")
    {
        Description = "The format of records.",
        HelpName = "text|json|ndjson",
        DefaultValueFactory = _ => "text",
    };
    private readonly Option<double> _retry = new("--retry-timeout")
    {
        Description = "Seconds that the node may be unreachable once reading has started.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 300,
    };

    public ReadingOptions(Command command, Caller caller)
    {
        _caller = caller;
        _topic = new TopicChoice(caller);
        _output.AcceptOnlyFromAmong("text", "json", "ndjson");
        command.Arguments.Add(_topic.Argument);
        Option[] options = [_topic.Option, _partitions, _keyDelimiter, _delimiter, _printf, _envelope, _null, _output, _retry];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads from <paramref name="choice"/>, in the format given on the command line.</summary>
    public async Task RunAsync(ParseResult parsed, OffsetChoice choice, bool stopsAtEnd, long maxRecords, CancellationToken interrupted)
    {
        var topic = _topic.Of(parsed);
        var format = Format(parsed);
        var retryTimeout = RetryTimeout(parsed);
        using var node = GlobalOptions.Connect(parsed, _caller);
        var wanted = parsed.GetValue(_partitions) ?? [];
        var partitions = await node.SelectPartitionsAsync(topic, wanted, interrupted);
        if (choice.From.Kind == OffsetSpecKind.Offset && partitions.Length > 1)
        {
            throw CliException.Usage("An offset belongs to one partition.", "-p N says which.");
        }

        var ranges = await PartitionOffsets.EachAsync(
            partitions, (partition, ending) =>
                PartitionRange.ResolveAsync(node, topic, partition, choice, stopsAtEnd, ending), interrupted);
        var run = new ConsumeRun(node, topic, format, _caller)
        {
            MaxRecords = maxRecords,
            RetryTimeout = retryTimeout,
            WatchesPartitions = wanted.Length == 0 && Array.TrueForAll(ranges, range => range.End is null),
        };
        await run.RunAsync(ranges, interrupted);
    }

    /// <summary>Reads as a member of a group.</summary>
    public async Task RunAsync(
        ParseResult parsed, GroupSubscription subscription, bool stopsAtEnd, long maxRecords, CancellationToken interrupted)
    {
        if (parsed.GetValue(_partitions) is { Length: > 0 })
        {
            throw CliException.Usage("The group says who reads which partition.", "-p and -g exclude each other.");
        }

        var format = Format(parsed, severalTopics: true);
        var retryTimeout = RetryTimeout(parsed);
        using var node = GlobalOptions.Connect(parsed, _caller);
        foreach (var topic in subscription.Topics)
        {
            // A group accepts topics that do not exist yet; on the command line an absent topic is nearly always a typo.
            await node.PartitionsCountAsync(topic, interrupted);
        }

        await WarnOfNoTopicAsync(node, subscription, stopsAtEnd, interrupted);
        var run = new GroupRun(node, subscription, format, _caller)
        {
            MaxRecords = maxRecords,
            RetryTimeout = retryTimeout,
            StopsAtEnd = stopsAtEnd,
        };
        await run.RunAsync(interrupted);
    }

    // Topics may come that the pattern matches, so it is only an error for a run that does not wait for them.
    private async Task WarnOfNoTopicAsync(
        NodeClient node, GroupSubscription subscription, bool stopsAtEnd, CancellationToken interrupted)
    {
        if (subscription.Pattern is not { } pattern || await node.IsAnyTopicLikeAsync(pattern, interrupted))
        {
            return;
        }

        var problem = $"No topic matches the pattern {pattern}.";
        if (stopsAtEnd)
        {
            throw new CliException(ExitCode.NotFound, "UNKNOWN_TOPIC_OR_PARTITION", problem, "the pattern is for whole names; 'loire topic list' shows them.");
        }

        _caller.Terminal.Note($"{problem} Waiting for one.");
    }

    /// <summary>The topic; null if none is given.</summary>
    public string? FindTopic(ParseResult parsed) => _topic.Find(parsed);

    private TimeSpan RetryTimeout(ParseResult parsed) => parsed.GetValue(_retry) is >= 0 and <= 864_000 and var seconds
        ? TimeSpan.FromSeconds(seconds)
        : throw CliException.Usage("--retry-timeout must lie between 0 and 864000 seconds.");

    private OutputFormat Format(ParseResult parsed, bool severalTopics = false)
    {
        var (printf, output, showsNull) = (parsed.GetValue(_printf), parsed.GetValue(_output), parsed.GetValue(_null));
        var keyDelimiter = parsed.GetValue(_keyDelimiter) is { } text ? Escapes.Bytes(text, "-K") : null;
        var forms = (printf is null ? 0 : 1) + (parsed.GetValue(_envelope) ? 1 : 0) + (output == "text" ? 0 : 1);
        if (forms > 1)
        {
            throw CliException.Usage("-f, -J and --output json or ndjson exclude each other.");
        }

        return printf is not null ? new PrintfFormat(printf, showsNull)
            : parsed.GetValue(_envelope) ? new KcatJsonFormat()
            : output != "text" ? new JsonOutputFormat(lines: output == "ndjson", severalTopics)
            : new PlainFormat(keyDelimiter, Escapes.Bytes(parsed.GetValue(_delimiter)!, "-D"), showsNull);
    }
}

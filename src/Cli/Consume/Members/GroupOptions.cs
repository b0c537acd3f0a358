using System.CommandLine;
using System.Globalization;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Cli.Groups;
using Loire.Cli.Terminals;
using Loire.Cli.Topics;
using Loire.Model;

namespace Loire.Cli.Consume.Members;

/// <summary>The options of <c>consume</c> for reading as a member of a group.</summary>
internal sealed class GroupOptions
{
    private const int LongestPollInterval = 86_400;

    private readonly Option<string?> _group = new("--group", "-g", "-G")
    {
        Description = "Read as a member of this group, from its committed offsets, and commit what is written.",
        HelpName = "GROUP",
    };
    private readonly Argument<string[]> _more = new("more")
    {
        Description = "Further topics, with -g.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string?> _pattern = new("--pattern")
    {
        Description = "With -g, instead of topics: all topics whose whole name matches this regular expression.",
        HelpName = "REGEX",
    };
    private readonly Option<double> _maxPollInterval = new("--max-poll-interval")
    {
        Description = "With -g: seconds without a request for records after which a consumer loses its partitions to others.",
        HelpName = "SECONDS",
        DefaultValueFactory = _ => 60,
    };

    public GroupOptions(Command command, Caller caller)
    {
        _group.CompletionSources.Add(context => GroupArgument.Ids(context.ParseResult, caller, context.WordToComplete));
        _more.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
        command.Arguments.Add(_more);
        Option[] options = [_group, _pattern, _maxPollInterval];
        Array.ForEach(options, command.Options.Add);
    }

    /// <summary>Reads the subscription from the command line; null without a group.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="first">The topic before the further ones.</param>
    /// <param name="choice">Where to start without committed offsets.</param>
    public GroupSubscription? Read(ParseResult parsed, string? first, OffsetChoice choice)
    {
        var (pattern, more, seconds) = (parsed.GetValue(_pattern), parsed.GetValue(_more) ?? [], parsed.GetValue(_maxPollInterval));
        if (parsed.GetValue(_group) is not { } group)
        {
            return pattern is null && more.Length == 0
                ? null
                : throw CliException.Usage("Several topics are read as a member of a group.", "-g GROUP says which.");
        }

        string[] topics = [.. first is null ? [] : (string[])[first], .. more.Select(TopicArgument.Check)];
        var problem = pattern is null == (topics.Length == 0) ? "A group reads either topics or what matches --pattern."
            : topics.Distinct(StringComparer.Ordinal).Count() < topics.Length ? "A topic is given twice."
            : choice.From.Kind is not (OffsetSpecKind.Earliest or OffsetSpecKind.Latest) || choice.BeforeEnd > 0 || choice.Stop != Timestamp.None
                ? "With -g, -o says where to begin where nothing is committed: beginning or end."
            : !(seconds >= 1 && seconds <= LongestPollInterval)
                ? string.Create(CultureInfo.InvariantCulture, $"--max-poll-interval must lie between 1 and {LongestPollInterval} seconds.")
            : null;
        return problem is null
            ? new GroupSubscription(
                GroupArgument.Check(group), topics, pattern, choice.From == OffsetSpec.Latest, TimeSpan.FromSeconds(seconds))
            : throw CliException.Usage(problem, "'loire group reset' moves a group to other offsets.");
    }
}

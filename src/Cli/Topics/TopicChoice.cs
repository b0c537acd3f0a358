using System.CommandLine;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;

namespace Loire.Cli.Topics;

/// <summary>The topic of a command, given as an argument or, as in kcat, with <c>-t</c>.</summary>
internal sealed class TopicChoice
{
    public TopicChoice(Caller caller)
    {
        Argument = TopicArgument.Create(caller);
        Argument.Arity = ArgumentArity.ZeroOrOne;
        Option.CompletionSources.Add(context => TopicArgument.Names(context.ParseResult, caller, context.WordToComplete));
    }

    public Argument<string> Argument { get; }

    public Option<string?> Option { get; } = new("--topic", "-t")
    {
        Description = "The topic, as in kcat.",
        HelpName = "TOPIC",
    };

    public string Of(ParseResult parsed) => Find(parsed) ?? throw CliException.Usage("The topic is missing.");

    /// <summary>The topic; null if none is given.</summary>
    public string? Find(ParseResult parsed) => (parsed.GetValue(Argument), parsed.GetValue(Option)) switch
    {
        ({ } name, null) => TopicArgument.Check(name),
        (null, { } name) => TopicArgument.Check(name),
        (null, null) => null,
        _ => throw CliException.Usage("The topic is given twice."),
    };
}

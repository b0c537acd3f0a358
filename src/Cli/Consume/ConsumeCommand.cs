using System.CommandLine;
using Loire.Cli.Consume.Members;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;

namespace Loire.Cli.Consume;

/// <summary><c>loire consume</c>: writes the records of a topic, with kcat's options.</summary>
internal static class ConsumeCommand
{
    public static Command Create(Caller caller)
    {
        var offset = new Option<string[]>("--offset", "-o")
        {
            Description = $"Where to begin: {OffsetChoice.Words}; s@ and e@ together are a span of time. A TIME is ISO 8601, local without an offset, or -1h.",
            HelpName = "OFFSET",
        };
        var exits = new Option<bool>("--exit", "-e") { Description = "Exit at the end as of the start." };
        var count = new Option<long?>("--count", "-c") { Description = "Exit after N records.", HelpName = "N" };
        var command = new Command(
            "consume",
            "Writes the records of a topic, by default from the beginning; with -g those that the group has not read.")
        {
            offset, exits, count,
        };
        var reading = new ReadingOptions(command, caller);
        var member = new GroupOptions(command, caller);
        command.SetAction(async (parsed, interrupted) =>
        {
            var choice = OffsetChoice.Parse(parsed.GetValue(offset) ?? [], OffsetChoice.Beginning, caller.Time);
            var max = parsed.GetValue(count) ?? long.MaxValue;
            if (max < 0)
            {
                throw CliException.Usage("-c must be at least 0.");
            }

            var subscription = member.Read(parsed, reading.FindTopic(parsed), choice);
            await (subscription is null
                ? reading.RunAsync(parsed, choice, parsed.GetValue(exits), max, interrupted)
                : reading.RunAsync(parsed, subscription, parsed.GetValue(exits), max, interrupted));
            return 0;
        });
        return command;
    }
}

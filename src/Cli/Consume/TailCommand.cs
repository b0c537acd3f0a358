using System.CommandLine;
using Loire.Cli.Consume.Reading;
using Loire.Cli.Failures;
using Loire.Cli.Terminals;

namespace Loire.Cli.Consume;

/// <summary><c>loire tail</c>: follows a topic, as <c>tail -f</c> follows a file.</summary>
internal static class TailCommand
{
    public static Command Create(Caller caller)
    {
        var last = new Option<long>("--lines", "-n") { Description = "Start with the last N records of each partition.", HelpName = "N" };
        var command = new Command("tail", "Follows the records of a topic.") { last };
        var reading = new ReadingOptions(command, caller);
        command.SetAction(async (parsed, interrupted) =>
        {
            var records = parsed.GetValue(last);
            if (records < 0)
            {
                throw CliException.Usage("-n must be at least 0.");
            }

            await reading.RunAsync(parsed, OffsetChoice.Last(records), stopsAtEnd: false, long.MaxValue, interrupted);
            return 0;
        });
        return command;
    }
}

using System.Runtime.InteropServices;
using Loire.Cli.Terminals;

namespace Loire.Cli;

/// <summary>
/// The process <c>loire</c>: exit code 0 for success, 1 for an error, 2 for a wrong command line, 3 for not found, 4 for a timeout.
/// </summary>
internal static class Program
{
    private static readonly TimeSpan SameSignal = TimeSpan.FromMilliseconds(500);

    private static async Task<int> Main(string[] args)
    {
        using var interrupted = new CancellationTokenSource();

        // The first Ctrl-C cancels the command; a later one ends the process at once. timeout(1) sends its signal twice in a row, which
        // counts as one.
        long first = 0;
        void Interrupt(PosixSignalContext context)
        {
            var now = TimeProvider.System.GetTimestamp();
            var before = Interlocked.CompareExchange(ref first, now, 0);
            context.Cancel = before == 0 || TimeProvider.System.GetElapsedTime(before, now) < SameSignal;
            interrupted.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        var terminal = Terminal.OfProcess(Environment.GetEnvironmentVariable);
        var caller = new Caller(terminal, Environment.GetEnvironmentVariable, TimeProvider.System, Random.Shared);
        return await Run.CommandAsync(args, caller, interrupted.Token);
    }
}

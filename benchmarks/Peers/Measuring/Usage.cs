using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What the kernel says of processes.</summary>
internal static partial class Usage
{
    /// <summary>Processor time of this process, and of a server's.</summary>
    public static (TimeSpan Own, TimeSpan Server) Processor(Process? server)
    {
        server?.Refresh();
        return (Environment.CpuUsage.TotalTime, server?.TotalProcessorTime ?? TimeSpan.Zero);
    }

    /// <summary>
    /// Waits until a server has finished what it does behind its answers, such as deleting, at most five seconds; and has the kernel write what it holds
    /// back, so that nobody's turn pays for what another one left unsynced.
    /// </summary>
    public static async Task SettleAsync(Process? server)
    {
        await Task.Run(Sync);
        for (var i = 0; i < 25; i++)
        {
            var before = Processor(server);
            await Task.Delay(200);
            var after = Processor(server);
            if ((after.Own - before.Own + after.Server - before.Server).TotalMilliseconds < 20)
            {
                return;
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}

using System.Diagnostics;
using System.Globalization;

namespace Loire.Peers.Benchmarks.Measuring;

/// <summary>What the kernel says of processes and directories.</summary>
internal static class Usage
{
    /// <summary>Processor time of this process, and of a server's.</summary>
    public static (TimeSpan Own, TimeSpan Server) Processor(Process? server)
    {
        server?.Refresh();
        return (Environment.CpuUsage.TotalTime, server?.TotalProcessorTime ?? TimeSpan.Zero);
    }

    /// <summary>Bytes of the blocks that a directory's files take.</summary>
    public static async Task<long> DiskAsync(string directory)
    {
        var start = new ProcessStartInfo("du", ["-s", "--block-size=1", directory]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var du = Process.Start(start)!;
        var text = await du.StandardOutput.ReadToEndAsync();
        await du.WaitForExitAsync();
        return long.Parse(text.Split('\t')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until a server has finished what it does behind its answers, such as deleting, at most five seconds.</summary>
    public static async Task SettleAsync(Process? server)
    {
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
}

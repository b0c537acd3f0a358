using System.Diagnostics;
using Xunit.Abstractions;

namespace Loire.Silo.Tests;

/// <summary>A node on a real file system that is too small.</summary>
public class FullDiskTests(ITestOutputHelper output)
{
    [TmpfsFact]
    public async Task A_full_disk_refuses_writes_clearly_serves_reads_and_recovers_when_space_returns()
    {
        var random = Seed.Print(output);
        using var disk = new SmallDisk(megabytes: 48);
        var ballast = Path.Combine(disk.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[16 << 20]);
        var data = Path.Combine(disk.Path, "data");
        var load = new ProducerLoad("orders", 1, random);
        await using (var node = await NodeProcess.StartAsync(data))
        {
            await KillTests.CreateTopicAsync(node.Client, "orders", 1);
            await KillTests.CreateTopicAsync(node.Client, "filler", 1);

            // The producers end when the node refuses their records.
            var producers = await load.RunUntilAsync(node.Url, int.MaxValue, CancellationToken.None);
            await producers;
            Assert.True(load.AcknowledgedCount > 0);
            await FillAsync(node.Client);
            await load.JudgeAsync(node.Client);

            File.Delete(ballast);
            var before = load.AcknowledgedCount;
            var patience = Stopwatch.StartNew();
            while (load.AcknowledgedCount == before && patience.Elapsed < TimeSpan.FromSeconds(60))
            {
                // A producer ends with its first refusal, and the log may have put off its own next attempt.
                using var stop = new CancellationTokenSource();
                var resumed = await load.RunUntilAsync(node.Url, 5, stop.Token);
                await stop.CancelAsync();
                await resumed;
            }

            Assert.True(load.AcknowledgedCount > before, node.Output);
            await load.JudgeAsync(node.Client);
            await node.KillAsync();
        }

        await using var again = await EmbeddedNode.StartAsync(options => options.Data = data);
        await load.JudgeAsync(again.Client);
    }

    /// <summary>The store reclaims what is dead while it is full, so there may be room for some more; what is alive fills the disk for good.</summary>
    private static async Task FillAsync(HttpClient node)
    {
        for (var i = 0; i < 200; i++)
        {
            using var answer = await node.PostAsync("/v1/topics/filler/records?partition=0", new ByteArrayContent(new byte[900_000]));
            if ((int)answer.StatusCode == 503)
            {
                Assert.Contains("KAFKA_STORAGE_ERROR", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
                return;
            }

            Assert.Equal(200, (int)answer.StatusCode);
        }

        Assert.Fail("A disk of 48 MB took 180 MB.");
    }

    private sealed class SmallDisk : IDisposable
    {
        public SmallDisk(int megabytes)
        {
            Path = Directory.CreateTempSubdirectory("loire-disk-").FullName;
            Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", Path);
        }

        public string Path { get; }

        public static bool CanBeMade()
        {
            try
            {
                new SmallDisk(1).Dispose();
                return true;
            }
            catch (Exception problem) when (problem is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }

        public void Dispose()
        {
            Run("umount", Path);
            Directory.Delete(Path);
        }

        private static void Run(string command, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{command}: {process.StandardError.ReadToEnd()}");
            }
        }
    }

    private sealed class TmpfsFactAttribute : FactAttribute
    {
        public TmpfsFactAttribute() => Skip = SmallDisk.CanBeMade() ? null! : "mounting a small file system is not permitted here";
    }
}

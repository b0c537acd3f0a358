using System.Reflection;
using Loire.Client;
using Loire.Client.Testing;
using Loire.Model;
using Loire.Samples.Ledger;
using Xunit.Abstractions;

namespace Loire.Samples.Tests.ExactlyOnce;

/// <summary>What the tests of both databases do with the sample.</summary>
internal static class LedgerScenarios
{
    private static readonly Assembly _program = typeof(LedgerDatabase).Assembly;

    /// <summary>Two processes believe to have a partition: one transaction counts, and the other one leaves nothing.</summary>
    public static async Task BookFromTwoProcessesAsync(Func<LedgerDatabase> open)
    {
        await using var first = open();
        await using var second = open();
        await first.CreateTablesAsync(default);
        var partition = new TopicPartition("payments", 0);
        Assert.Equal(3, (await first.OpenAsync(partition, 3, default)).Value);
        Assert.Equal(3, (await second.OpenAsync(partition, 0, default)).Value);
        ConsumeResult<string, Payment>[] records = [Record(2), Record(3), Record(5)];

        var booked = await Task.WhenAll(first.TryBookAsync(partition, 3, records, default), second.TryBookAsync(partition, 3, records, default));
        Assert.Single(booked, isBooked => isBooked);
        Assert.False(await first.TryBookAsync(partition, 3, [Record(3)], default));
        Assert.False(await second.TryBookAsync(partition, 7, [Record(7)], default));

        // Not the one below the position, and none twice.
        Assert.Equal(6, (await second.OpenAsync(partition, 0, default)).Value);
        Assert.Equal([new Account("ann", -20, 2), new Account("bob", 20, 2)], await first.ListAsync(default));

        static ConsumeResult<string, Payment> Record(long offset) =>
            new() { Topic = "payments", Partition = 0, Offset = offset, Headers = new Headers(), Value = new Payment("ann", "bob", 10) };
    }

    /// <summary>Kills processes of the sample, replaces one that hangs, and has two compete, while payments flow.</summary>
    /// <param name="output">The test's.</param>
    /// <param name="database">Opens the database of the sample.</param>
    /// <param name="options">Name it to the sample.</param>
    /// <param name="isFree">Whether no process holds the database up.</param>
    public static async Task KillAndReplaceAsync(
        ITestOutputHelper output, Func<LedgerDatabase> database, string[] options, Func<Task<bool>> isFree)
    {
        var run = new FaultRun(output);
        var gateway = FreePorts.Next();
        await using var node = await LoireTestCluster.StartAsync(node => node.GatewayPort = gateway);
        await using var ledger = database();
        await ledger.CreateTablesAsync(default);
        using var http = new HttpClient { BaseAddress = node.Address };
        string[] arguments = ["--gateway", $"{gateway}", "--urls", "http://127.0.0.1:0", .. options];
        var random = new Random(run.Seed + 1);
        await using var process = new FaultyProcess(_program, arguments, random, run.Progress);
        await using var rival = new FaultyProcess(_program, [.. arguments, "--group", "rival"], random, run.Progress);
        process.Start();
        await run.RunAsync(
            http,
            [process.KillAsync, () => process.ReplaceAsync(isFree), rival.CompeteAsync],
            async () => (await ledger.ListAsync(default)).ToDictionary(account => account.Name, account => (account.Balance, account.Entries)),
            () => process.Output);
    }
}

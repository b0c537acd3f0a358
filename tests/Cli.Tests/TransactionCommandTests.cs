using System.Net;
using System.Text.Json.Nodes;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model.Transactions;
using Loire.Silo;
using Loire.Silo.Tests;
using Loire.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Loire.Cli.Tests;

/// <summary>Transactions of real grains: the node runs in this process, because HTTP begins none.</summary>
public sealed class TransactionCommandTests : IAsyncLifetime
{
    private readonly TemporaryDirectory _data = new();
    private readonly LostMarkers _markers = new();
    private WebApplication _node = null!;
    private Shell _shell = null!;

    private IGrainFactory Grains => _node.Services.GetRequiredService<IGrainFactory>();

    public async Task InitializeAsync()
    {
        var options = new NodeOptions { Data = _data.Path, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], LogLevel = LogLevel.Warning };
        _node = LoireHost.Build(options, builder => builder.Services.AddSingleton<IIncomingGrainCallFilter>(_markers));
        await _node.StartAsync();
        _shell = new Shell(new Uri(_node.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));
        (await _shell.RunAsync("topic", "create", "t", "-p", "2")).AssertOk();
    }

    public async Task DisposeAsync()
    {
        _shell.Dispose();
        await _node.StopAsync();
        await _node.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task A_transaction_is_listed_described_and_aborted()
    {
        Assert.Equal("TRANSACTIONAL_ID  PRODUCER_ID  STATE  DURATION_MS\n", (await _shell.RunAsync("txn", "list")).AssertOk().Output);
        var producer = await TestTransactions.BeginAsync(Grains, "orders/1", "t", 1);
        var other = await TestTransactions.BeginAsync(Grains, "other", "t", 0);
        await EndAsync("other", other);

        Assert.Equal(2, (await _shell.RunAsync("txn", "list", "-o", "ndjson")).AssertOk().Lines.Length);
        Assert.Matches($@"^orders/1 +{producer.Id}  Ongoing +\d+$", (await _shell.RunAsync("txn", "ls", "--state", "Ongoing", "--state", "Empty")).AssertOk().Lines[1]);
        Assert.Equal("orders/1", Id(Assert.Single((await _shell.RunAsync("txn", "list", "--producer-id", $"{producer.Id}", "-o", "ndjson")).AssertOk().Lines)));
        Assert.Empty((await _shell.RunAsync("txn", "list", "--older-than", "1h", "-o", "ndjson")).AssertOk().Lines);

        var table = (await _shell.RunAsync("txn", "describe", "orders/1")).AssertOk().Lines;
        Assert.Equal(["transactional_id", "orders/1"], table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["state", "Ongoing"], table[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["t", "1"], table[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var json = JsonNode.Parse((await _shell.RunAsync("txn", "describe", "orders/1", "-o", "json")).AssertOk().Output)!;
        Assert.Equal((600_000, "[]"), ((int)json["timeout_ms"]!, json["groups"]!.ToJsonString()));

        (await _shell.FeedAsync("y\n", "txn", "abort", "orders/1")).AssertFailed(2, "USAGE");
        var aborted = await _shell.RunAsync("txn", "abort", "orders/1", "--yes", "--verbose");
        Assert.Equal((0, "aborted the transaction of orders/1\n"), (aborted.Exit, aborted.Error));
        await StateBecomesAsync("orders/1", "CompleteAbort");
        var again = await _shell.RunAsync("txn", "abort", "orders/1", "--yes", "--verbose");
        Assert.Equal((0, "orders/1 has no open transaction\n"), (again.Exit, again.Error));
        (await _shell.RunAsync("txn", "abort", "nobody", "--yes")).AssertFailed(3, "TRANSACTIONAL_ID_NOT_FOUND");
        (await _shell.RunAsync("txn", "describe", "nobody")).AssertFailed(3, "TRANSACTIONAL_ID_NOT_FOUND");
    }

    [Fact]
    public async Task Producers_of_all_partitions_or_of_one_are_listed()
    {
        var producer = await TestTransactions.BeginAsync(Grains, "a", "t", 1);
        var row = JsonNode.Parse(Assert.Single((await _shell.RunAsync("producer", "list", "t", "-o", "ndjson")).AssertOk().Lines))!;
        Assert.Equal(
            (1, producer.Id, (int)producer.Epoch, 0, 0),
            ((int)row["partition"]!, (long)row["producer_id"]!, (int)row["producer_epoch"]!, (int)row["last_sequence"]!, (int)row["transaction_start_offset"]!));
        Assert.Matches($@"^1 +{producer.Id} +0 +0 +\d+ +0$", (await _shell.RunAsync("producer", "ls", "t", "1")).AssertOk().Lines[1].Trim());
        Assert.Equal(
            "PARTITION  PRODUCER_ID  PRODUCER_EPOCH  LAST_SEQUENCE  LAST_TIMESTAMP  TRANSACTION_START_OFFSET\n",
            (await _shell.RunAsync("producer", "list", "t", "0")).AssertOk().Output);
        (await _shell.RunAsync("producer", "list", "t", "2")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
        (await _shell.RunAsync("producer", "list", "u")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");
    }

    [Fact]
    public async Task A_transaction_whose_end_was_lost_is_found_hanging()
    {
        var producer = await TestTransactions.BeginAsync(Grains, "a", "t", 1);
        Assert.Empty((await _shell.RunAsync("txn", "hanging", "--older-than", "0s", "-o", "ndjson")).AssertOk().Lines);
        _markers.AreLost = true;
        await EndAsync("a", producer);
        await StateBecomesAsync("a", "CompleteCommit");
        string[][] searches = [[], ["t"], ["t", "--partition", "1"]];
        foreach (var search in searches)
        {
            var found = (await _shell.RunAsync(["txn", "hanging", .. search, "--older-than", "0s", "-o", "ndjson"])).AssertOk();
            var row = JsonNode.Parse(Assert.Single(found.Lines))!;
            Assert.Equal(("t", 1, producer.Id), ((string?)row["topic_name"], (int)row["partition"]!, (long)row["producer_id"]!));
        }

        var none = await _shell.RunAsync("txn", "hanging", "--verbose");
        Assert.Equal(
            ("TOPIC_NAME  PARTITION  PRODUCER_ID  PRODUCER_EPOCH  TRANSACTION_START_OFFSET  LAST_TIMESTAMP\n", "0 transactions hang, 0 partitions could not be asked\n"),
            (none.Output, none.Error));
        (await _shell.RunAsync("txn", "hanging", "u")).AssertFailed(3, "UNKNOWN_TOPIC_OR_PARTITION");

        string[] abort = ["txn", "abort", "--topic", "t", "--partition", "1", "--start-offset"];
        (await _shell.FeedAsync("y\n", [.. abort, "0"])).AssertFailed(2, "USAGE");
        (await _shell.RunAsync([.. abort, "1", "--yes"])).AssertFailed(1, "INVALID_TXN_STATE");
        string[][] incomplete = [["txn", "abort"], abort[..^1], ["txn", "abort", "a", "-t", "t", "-p", "1", "--start-offset", "0"], [.. abort, "-1"]];
        foreach (var command in incomplete)
        {
            (await _shell.RunAsync([.. command, "--yes"])).AssertFailed(2, "USAGE");
        }

        var aborted = await _shell.RunAsync([.. abort, "0", "--yes", "--verbose"]);
        Assert.Equal((0, "aborted the transaction at offset 0 of t-1\n"), (aborted.Exit, aborted.Error));
        Assert.Empty((await _shell.RunAsync("txn", "hanging", "--older-than", "0s", "-o", "ndjson")).AssertOk().Lines);
    }

    private async Task EndAsync(string id, ProducerIdentity producer) => Assert.Equal(
        ErrorCode.None, (await Grains.GetGrain<ITransactionGrain>(id).End(new EndTransactionRequest(producer, true, TransactionVersion.V2))).Error);

    private async Task StateBecomesAsync(string id, string state)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((string?)JsonNode.Parse((await _shell.RunAsync("txn", "describe", id, "-o", "json")).AssertOk().Output)!["state"] != state)
        {
            await Task.Delay(5, timeout.Token);
        }
    }

    private static string Id(string line) => (string)JsonNode.Parse(line)!["transactional_id"]!;
}

using System.Net;
using Loire.Grains.Interfaces.Transactions;
using Loire.Model.Transactions;
using Loire.TestKit;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Transactions before the real grains and the real store.</summary>
public sealed class TransactionNodeTests
{
    private const string Json = "application/json";

    [Fact]
    public async Task An_open_transaction_is_shown_by_its_id_and_by_its_partition_until_it_is_aborted()
    {
        await using var node = await NodeHost.StartAsync();
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":2}""");
        Assert.Equal("[]", (await node.GetAsync("/v1/transactions")).Text);
        await AssertProblem(node.GetAsync("/v1/transactions/orders%2F1"), 404, "TRANSACTIONAL_ID_NOT_FOUND");
        var producer = await TestTransactions.BeginAsync(node.Grains, "orders/1", "t", 1);

        var listed = Assert.Single((await node.GetAsync("/v1/transactions?state=Ongoing")).Json.EnumerateArray());
        Assert.Equal(("orders/1", producer.Id), (listed.GetProperty("transactional_id").GetString(), listed.GetProperty("producer_id").GetInt64()));
        Assert.Equal("[]", (await node.GetAsync("/v1/transactions?state=CompleteAbort")).Text);
        var described = (await node.GetAsync("/v1/transactions/orders%2F1")).Json;
        Assert.Equal(
            ("Ongoing", 600_000, """[{"topic_name":"t","partition":1}]"""),
            (described.GetProperty("state").GetString(), described.GetProperty("timeout_ms").GetInt32(), described.GetProperty("partitions").GetRawText()));
        var written = Assert.Single((await node.GetAsync("/v1/topics/t/partitions/1/producers")).Json.EnumerateArray());
        Assert.Equal(
            (producer.Id, 0, 0L),
            (written.GetProperty("producer_id").GetInt64(), written.GetProperty("last_sequence").GetInt32(), written.GetProperty("transaction_start_offset").GetInt64()));
        Assert.Equal("[]", (await node.GetAsync("/v1/transactions:hanging?older_than_ms=0")).Text);

        Assert.Equal(HttpStatusCode.NoContent, (await AbortAsync(node)).Status);
        await Until.TrueAsync(async () => await StateAsync(node) == "CompleteAbort");
        var ended = Assert.Single((await node.GetAsync("/v1/topics/t/partitions/1/producers")).Json.EnumerateArray());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, ended.GetProperty("transaction_start_offset").ValueKind);
        Assert.Equal(HttpStatusCode.NoContent, (await AbortAsync(node)).Status);
        Assert.Equal("[]", (await node.GetAsync("/v1/transactions?duration_ms=0")).Text);
    }

    [Fact]
    public async Task A_transaction_whose_end_never_reached_its_partition_hangs()
    {
        var markers = new LostMarkers { AreLost = true };
        await using var node = await NodeHost.StartAsync(filter: markers);
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":2}""");
        var producer = await TestTransactions.BeginAsync(node.Grains, "orders/1", "t", 1);
        var ended = await node.Grains.GetGrain<ITransactionGrain>("orders/1").End(new EndTransactionRequest(producer, true, TransactionVersion.V2));
        Assert.Equal(ErrorCode.None, ended.Error);
        await Until.TrueAsync(async () => await StateAsync(node) == "CompleteCommit");

        var hanging = Assert.Single((await node.GetAsync("/v1/transactions:hanging?older_than_ms=0")).Json.EnumerateArray());
        Assert.Equal(
            ("t", 1, producer.Id, 0L),
            (hanging.GetProperty("topic_name").GetString(), hanging.GetProperty("partition").GetInt32(), hanging.GetProperty("producer_id").GetInt64(),
                hanging.GetProperty("transaction_start_offset").GetInt64()));
        Assert.Equal("[]", (await node.GetAsync("/v1/transactions:hanging")).Text);
    }

    [Fact]
    public async Task A_transaction_that_hangs_is_aborted_where_it_begins_and_one_that_is_alive_is_not()
    {
        var markers = new LostMarkers();
        await using var node = await NodeHost.StartAsync(filter: markers);
        await node.PostAsync("/v1/topics", Json, """{"topic_name":"t","partitions_count":2}""");
        var producer = await TestTransactions.BeginAsync(node.Grains, "orders/1", "t", 1);
        const string Path = "/v1/topics/t/partitions/1/transactions/0:abort";
        await AssertProblem(node.SendAsync(HttpMethod.Post, Path, null, null), 409, "INVALID_TXN_STATE");
        Assert.Equal("Ongoing", await StateAsync(node));
        markers.AreLost = true;
        await node.Grains.GetGrain<ITransactionGrain>("orders/1").End(new EndTransactionRequest(producer, true, TransactionVersion.V2));
        await Until.TrueAsync(async () => await StateAsync(node) == "CompleteCommit");
        markers.AreLost = false;

        Assert.Equal(0, await StableAsync(node));
        await AssertProblem(node.SendAsync(HttpMethod.Post, Path.Replace("/0:", "/1:", StringComparison.Ordinal), null, null), 409, "INVALID_TXN_STATE");
        Assert.Equal(HttpStatusCode.NoContent, (await node.SendAsync(HttpMethod.Post, Path, null, null)).Status);
        Assert.Equal(2, await StableAsync(node));
        Assert.Equal("[]", (await node.GetAsync("/v1/transactions:hanging?older_than_ms=0")).Text);
        await AssertProblem(node.SendAsync(HttpMethod.Post, Path, null, null), 409, "INVALID_TXN_STATE");
    }

    private static Task<Answered> AbortAsync(NodeHost node) => node.SendAsync(HttpMethod.Post, "/v1/transactions/orders%2F1:abort", null, null);

    private static async Task<long> StableAsync(NodeHost node) =>
        (await node.GetAsync("/v1/topics/t/partitions/1/offsets")).Json.GetProperty("last_stable_offset").GetInt64();

    private static async Task<string?> StateAsync(NodeHost node) => (await node.GetAsync("/v1/transactions/orders%2F1")).Json.GetProperty("state").GetString();
}

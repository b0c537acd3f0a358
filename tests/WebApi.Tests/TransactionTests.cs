using System.Net;
using System.Text.Json;
using Loire.Model;
using Loire.Model.Transactions;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Listing, describing and aborting transactions, and the producers of a partition.</summary>
public sealed class TransactionTests
{
    [Fact]
    public async Task Ids_of_all_shards_are_listed_in_one_order_page_by_page()
    {
        await using var host = await ApiHost.StartAsync(options => options.CallPatience = TimeSpan.Zero);
        string[] ids = [.. Enumerable.Range(0, 60).Select(i => $"t {i}/ü&"), "A", "a", "Z", "é"];
        Array.ForEach(ids, id => host.Cluster.Transaction(id).Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None));
        foreach (var limit in new[] { 1, 7, 64, 1_000 })
        {
            Assert.Equal(ids.Order(StringComparer.Ordinal), await PagesAsync(host, $"/v1/transactions?limit={limit}"));
        }

        Assert.Equal("[]", (await host.GetAsync("/v1/transactions?after=%EF%BF%BD")).Text);
        foreach (var bad in new[]
        {
            "limit=0", "limit=1001", "limit=x", "since=a", $"after={new string('a', 250)}", "state=ongoing", "state=1", "state=Empty&state=", "producer_id=x",
            "producer_id=-1", "duration_ms=-1", "duration_ms=1&duration_ms=2",
        })
        {
            await AssertProblem(host.GetAsync($"/v1/transactions?{bad}"), 400, "INVALID_REQUEST");
        }

        host.Cluster.TransactionCatalogError = ErrorCode.CoordinatorNotAvailable;
        await AssertProblem(host.GetAsync("/v1/transactions"), 503, "COORDINATOR_NOT_AVAILABLE");
    }

    [Theory]
    [InlineData("", "a b c d")]
    [InlineData("state=Ongoing", "b")]
    [InlineData("state=Ongoing&state=PrepareCommit&state=Empty", "a b c")]
    [InlineData("producer_id=3", "c")]
    [InlineData("producer_id=3&producer_id=4&state=CompleteAbort", "d")]
    [InlineData("duration_ms=0", "b c")]
    [InlineData("duration_ms=3600000", "c")]
    [InlineData("duration_ms=3600000&state=Ongoing", "")]
    public async Task Filters_apply_together_and_to_every_page(string filters, string expected)
    {
        await using var host = await ApiHost.StartAsync();
        var now = Timestamp.From(TimeProvider.System.GetUtcNow()).Milliseconds;
        host.Cluster.Transaction("a").Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None);
        host.Cluster.Transaction("b").Set(TransactionStatus.Ongoing, new ProducerIdentity(2, 0), new Timestamp(now - 60_000));
        host.Cluster.Transaction("c").Set(TransactionStatus.PrepareCommit, new ProducerIdentity(3, 0), new Timestamp(1_000));
        host.Cluster.Transaction("d").Set(TransactionStatus.CompleteAbort, new ProducerIdentity(4, 0), new Timestamp(1_000));
        host.Cluster.Transaction("gone").IsListed = true;
        foreach (var limit in new[] { 1, 2, 10 })
        {
            Assert.Equal(expected, string.Join(' ', await PagesAsync(host, $"/v1/transactions?limit={limit}&{filters}")));
        }
    }

    [Fact]
    public async Task An_id_whose_coordinator_does_not_answer_is_listed_with_the_reason_whatever_the_filters()
    {
        await using var host = await ApiHost.StartAsync(options => options.CallPatience = TimeSpan.Zero);
        host.Cluster.Transaction("a").Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None);
        host.Cluster.Transaction("b").Set(TransactionStatus.Empty, new ProducerIdentity(2, 0), Timestamp.None).Exception = new TimeoutException();
        Assert.Equal(
            """[{"transactional_id":"a","producer_id":1,"state":"Empty","duration_ms":null,"error":null},"""
            + """{"transactional_id":"b","producer_id":null,"state":null,"duration_ms":null,"error":"REQUEST_TIMED_OUT"}]""",
            (await host.GetAsync("/v1/transactions")).Text);
        Assert.Equal("b", string.Join(' ', await PagesAsync(host, "/v1/transactions?state=Ongoing")));
    }

    [Fact]
    public async Task A_transaction_is_described_with_what_it_has_written_to()
    {
        await using var host = await ApiHost.StartAsync(options => options.CallPatience = TimeSpan.Zero);
        var transaction = host.Cluster.Transaction("orders/1")
            .Set(TransactionStatus.PrepareAbort, new ProducerIdentity(7, 3), new Timestamp(1_000), new TopicPartition("t", 0), new TopicPartition("u", 2));
        transaction.Description = transaction.Description! with { Groups = ["g"] };
        var described = await host.GetAsync("/v1/transactions/orders%2F1");
        Assert.StartsWith(
            """{"transactional_id":"orders/1","state":"PrepareAbort","producer_id":7,"producer_epoch":3,"timeout_ms":60000,"started_at":1000,"duration_ms":""",
            described.Text, StringComparison.Ordinal);
        Assert.EndsWith(
            ""","partitions":[{"topic_name":"t","partition":0},{"topic_name":"u","partition":2}],"groups":["g"]}""", described.Text, StringComparison.Ordinal);
        Assert.InRange(described.Json.GetProperty("duration_ms").GetInt64(), 1_700_000_000_000, long.MaxValue);

        host.Cluster.Transaction("new").Set(TransactionStatus.Empty, new ProducerIdentity(8, 0), Timestamp.None);
        Assert.Equal(
            """{"transactional_id":"new","state":"Empty","producer_id":8,"producer_epoch":0,"timeout_ms":60000,"started_at":null,"duration_ms":null,"partitions":[],"groups":[]}""",
            (await host.GetAsync("/v1/transactions/new")).Text);
        await AssertProblem(host.GetAsync("/v1/transactions/nobody"), 404, "TRANSACTIONAL_ID_NOT_FOUND");
        await AssertProblem(host.GetAsync("/v1/transactions/new?verbose=true"), 400, "INVALID_REQUEST");
        host.Cluster.Transaction("new").Exception = new TimeoutException();
        await AssertProblem(host.GetAsync("/v1/transactions/new"), 504, "REQUEST_TIMED_OUT");
    }

    [Fact]
    public async Task An_open_transaction_is_aborted_and_one_that_commits_is_not()
    {
        await using var host = await ApiHost.StartAsync();
        var transaction = host.Cluster.Transaction("a").Set(TransactionStatus.Ongoing, new ProducerIdentity(1, 0), new Timestamp(1_000));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(HttpStatusCode.NoContent, (await AbortAsync(host, "a")).Status);
            Assert.Equal(TransactionStatus.PrepareAbort, transaction.Description!.Status);
        }

        transaction.Set(TransactionStatus.PrepareCommit, new ProducerIdentity(1, 0), new Timestamp(1_000));
        await AssertProblem(AbortAsync(host, "a"), 409, "INVALID_TXN_STATE");
        await AssertProblem(AbortAsync(host, "nobody"), 404, "TRANSACTIONAL_ID_NOT_FOUND");
        await AssertProblem(AbortAsync(host, "a%01b"), 400, "INVALID_REQUEST");
        await AssertProblem(host.GetAsync("/v1/transactions/a%01b"), 400, "INVALID_REQUEST");
        transaction.Exception = new TimeoutException();
        await AssertProblem(AbortAsync(host, "a"), 504, "REQUEST_TIMED_OUT");
    }

    [Theory]
    [InlineData("a/b", "a slash")]
    [InlineData("a%2Fb", "what looks like an encoded slash")]
    [InlineData("a%2fb/c:d", "both, and a colon")]
    [InlineData("100% + ü?#:;", "reserved characters")]
    [InlineData("𝕘 id", "characters beyond the basic plane")]
    [InlineData("transactions", "a word of the path")]
    [InlineData("a:abort", "what looks like an action")]
    [InlineData(":hanging", "what looks like a view")]
    public async Task An_id_may_have_any_character_and_stands_encoded_in_the_path(string id, string reason)
    {
        await using var host = await ApiHost.StartAsync();
        var transaction = host.Cluster.Transaction(id).Set(TransactionStatus.Ongoing, new ProducerIdentity(1, 0), new Timestamp(1_000));
        var answer = await host.GetAsync($"/v1/transactions/{Uri.EscapeDataString(id)}");
        Assert.True(answer.Status == HttpStatusCode.OK, $"{reason}: {answer.Text}");
        Assert.Equal(id, answer.Json.GetProperty("transactional_id").GetString());
        var aborted = await AbortAsync(host, Uri.EscapeDataString(id));
        Assert.True(aborted.Status == HttpStatusCode.NoContent, $"{reason}: {aborted.Text}");
        Assert.Equal(TransactionStatus.PrepareAbort, transaction.Description!.Status);
    }

    [Fact]
    public async Task The_producers_of_a_partition_are_listed_with_the_start_of_an_open_transaction()
    {
        await using var host = await ApiHost.StartAsync(options => options.CallPatience = TimeSpan.Zero);
        host.Cluster.AddTopic("t", 2);
        host.Cluster.Partition("t", 1).Described = new(ErrorCode.None,
        [
            new(new ProducerIdentity(5, 2), -1, new Timestamp(1_000), Offset.None, true),
            new(new ProducerIdentity(7, 0), 41, new Timestamp(2_000), new Offset(12), false),
        ]);
        Assert.Equal("[]", (await host.GetAsync("/v1/topics/t/partitions/0/producers")).Text);
        Assert.Equal(
            """[{"producer_id":5,"producer_epoch":2,"last_sequence":-1,"last_timestamp":1000,"transaction_start_offset":null},"""
            + """{"producer_id":7,"producer_epoch":0,"last_sequence":41,"last_timestamp":2000,"transaction_start_offset":12}]""",
            (await host.GetAsync("/v1/topics/t/partitions/1/producers")).Text);
        await AssertProblem(host.GetAsync("/v1/topics/t/partitions/2/producers"), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        await AssertProblem(host.GetAsync("/v1/topics/u/partitions/0/producers"), 404, "UNKNOWN_TOPIC_OR_PARTITION");
        await AssertProblem(host.GetAsync("/v1/topics/t/partitions/x/producers"), 400, "INVALID_REQUEST");
        host.Cluster.Partition("t", 1).Described = new(ErrorCode.KafkaStorageError, []);
        await AssertProblem(host.GetAsync("/v1/topics/t/partitions/1/producers"), 503, "KAFKA_STORAGE_ERROR");
        host.Cluster.Partition("t", 1).Exception = new TimeoutException();
        await AssertProblem(host.GetAsync("/v1/topics/t/partitions/1/producers"), 504, "REQUEST_TIMED_OUT");
    }

    private static Task<Answered> AbortAsync(ApiHost host, string id) => host.SendAsync(HttpMethod.Post, $"/v1/transactions/{id}:abort", null, null);

    private static async Task<List<string>> PagesAsync(ApiHost host, string path)
    {
        var seen = new List<string>();
        for (var page = 0; path.Length > 0 && page < 100; page++)
        {
            var answer = await host.GetAsync(path);
            Assert.True(answer.Status == HttpStatusCode.OK && answer.Json.ValueKind == JsonValueKind.Array, answer.Text);
            seen.AddRange(answer.Json.EnumerateArray().Select(row => row.GetProperty("transactional_id").GetString()!));
            path = answer.Header("Link") is { Length: > 0 } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : "";
        }

        return seen;
    }
}

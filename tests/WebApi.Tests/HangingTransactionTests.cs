using System.Net;
using Loire.Grains.Interfaces.Partitions;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.TestKit.Fakes;
using static Loire.WebApi.Tests.GroupTests;

namespace Loire.WebApi.Tests;

/// <summary>Which open transactions of partitions nobody will end.</summary>
public sealed class HangingTransactionTests : IAsyncLifetime
{
    private const string Path = "/v1/transactions:hanging";

    // As long as a transaction may stay open by default.
    private const long DefaultAge = 15 * 60 * 1_000;

    private static readonly ProducerIdentity Producer = new(7, 3);

    private readonly long _now = Timestamp.From(TimeProvider.System.GetUtcNow()).Milliseconds;
    private ApiHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await ApiHost.StartAsync(options => options.CallPatience = TimeSpan.Zero);
        _host.Cluster.AddTopic("t", 2);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task What_is_open_in_a_partition_and_known_to_no_coordinator_hangs()
    {
        Assert.Equal("[]", (await _host.GetAsync(Path)).Text);
        Open("t", 1, 12, lastAppend: 1_000);
        Other("a").Set(TransactionStatus.Ongoing, Producer with { Id = 8 }, new Timestamp(1), new TopicPartition("t", 1));
        const string Row =
            """{"topic_name":"t","partition":1,"producer_id":7,"producer_epoch":3,"transaction_start_offset":12,"last_timestamp":1000,"error":null}""";
        Assert.Equal($"[{Row}]", (await _host.GetAsync(Path)).Text);
        Assert.Equal($"[{Row}]", (await _host.GetAsync($"{Path}?topic=t")).Text);
        Assert.Equal($"[{Row}]", (await _host.GetAsync($"{Path}?topic=t&partition=1")).Text);
        Assert.Equal("[]", (await _host.GetAsync($"{Path}?topic=t&partition=0")).Text);
    }

    [Theory]
    [InlineData(TransactionStatus.Ongoing, "t", 3, false)]
    [InlineData(TransactionStatus.PrepareCommit, "t", 4, false)]
    [InlineData(TransactionStatus.PrepareAbort, "t", 4, false)]
    [InlineData(TransactionStatus.Ongoing, "other", 3, true)]
    [InlineData(TransactionStatus.CompleteCommit, "t", 3, true)]
    [InlineData(TransactionStatus.Empty, "t", 4, true)]
    public async Task A_coordinator_that_has_it_open_in_that_partition_will_end_it(TransactionStatus status, string topic, int epoch, bool hangs)
    {
        Open("t", 0, 12, lastAppend: 1_000);
        TopicPartition[] partitions = OpenIn(status) ? [new(topic, 0)] : [];
        Other("a").Set(status, Producer with { Epoch = (short)epoch }, new Timestamp(1), partitions);
        Assert.Equal(hangs ? 1 : 0, (await _host.GetAsync(Path)).Json.GetArrayLength());
    }

    [Theory]
    [InlineData(TransactionStatus.PrepareAbort, 0, false)]
    [InlineData(TransactionStatus.PrepareAbort, 1, true)]
    [InlineData(TransactionStatus.Ongoing, 0, true)]
    public async Task A_producer_whose_epochs_are_used_up_has_another_id_before_its_partitions_know_the_end(TransactionStatus status, int epoch, bool hangs)
    {
        Open("t", 0, 12, lastAppend: 1_000);
        Other("a").Set(status, new ProducerIdentity(99, (short)epoch), new Timestamp(1), new TopicPartition("t", 0));
        Assert.Equal(hangs ? 1 : 0, (await _host.GetAsync(Path)).Json.GetArrayLength());
    }

    [Fact]
    public async Task Only_what_is_older_counts_and_no_coordinator_is_asked_for_nothing()
    {
        var coordinator = Other("a").Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None);
        Open("t", 0, 12, lastAppend: _now - (DefaultAge / 2));
        Assert.Equal("[]", (await _host.GetAsync(Path)).Text);
        Assert.Equal(0, coordinator.Descriptions);
        Assert.Equal(1, (await _host.GetAsync($"{Path}?older_than_ms=1000")).Json.GetArrayLength());
        Assert.Equal(1, coordinator.Descriptions);
        Open("t", 0, 12, lastAppend: _now - (DefaultAge * 2));
        Assert.Equal(1, (await _host.GetAsync(Path)).Json.GetArrayLength());
    }

    [Fact]
    public async Task What_ends_during_the_search_does_not_hang()
    {
        Open("t", 0, 12, lastAppend: 1_000);
        Other("a").Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None).BeforeDescribe =
            () => _host.Cluster.Partition("t", 0).Described = new(ErrorCode.None, []);
        Assert.Equal("[]", (await _host.GetAsync(Path)).Text);

        Open("t", 0, 12, lastAppend: 1_000);
        Other("a").BeforeDescribe = () => Open("t", 0, 20, lastAppend: 1_000);
        Assert.Equal("[]", (await _host.GetAsync(Path)).Text);
    }

    [Fact]
    public async Task A_partition_that_does_not_answer_has_a_row_with_the_reason_and_a_coordinator_that_does_not_spoils_the_answer()
    {
        _host.Cluster.Partition("t", 0).Exception = new TimeoutException();
        Open("t", 1, 12, lastAppend: 1_000);
        var rows = (await _host.GetAsync(Path)).Json;
        Assert.Equal(
            """{"topic_name":"t","partition":0,"producer_id":null,"producer_epoch":null,"transaction_start_offset":null,"last_timestamp":null,"error":"REQUEST_TIMED_OUT"}""",
            rows[0].GetRawText());
        Assert.Equal(1, rows[1].GetProperty("partition").GetInt32());
        Other("a").Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None).Exception = new TimeoutException();
        await AssertProblem(_host.GetAsync(Path), 504, "REQUEST_TIMED_OUT");
        _host.Cluster.TransactionCatalogError = ErrorCode.CoordinatorNotAvailable;
        await AssertProblem(_host.GetAsync(Path), 503, "COORDINATOR_NOT_AVAILABLE");
    }

    [Fact]
    public async Task All_topics_are_searched_page_by_page()
    {
        foreach (var name in new[] { "a", "b", "z" })
        {
            _host.Cluster.AddTopic(name);
            Open(name, 0, 1, lastAppend: 1_000);
        }

        foreach (var limit in new[] { 1, 3, 10 })
        {
            var (seen, path) = (new List<string>(), $"{Path}?limit={limit}&older_than_ms=60000");
            while (path.Length > 0)
            {
                var answer = await _host.GetAsync(path);
                Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
                seen.AddRange(answer.Json.EnumerateArray().Select(row => row.GetProperty("topic_name").GetString()!));
                path = answer.Header("Link") is { Length: > 0 } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : "";
            }

            Assert.Equal(["a", "b", "z"], seen);
        }
    }

    [Theory]
    [InlineData("topic=u", 404, "UNKNOWN_TOPIC_OR_PARTITION")]
    [InlineData("topic=t&partition=2", 404, "UNKNOWN_TOPIC_OR_PARTITION")]
    [InlineData("topic=a/b", 400, "INVALID_REQUEST")]
    [InlineData("partition=0", 400, "INVALID_REQUEST")]
    [InlineData("topic=t&partition=-1", 400, "INVALID_REQUEST")]
    [InlineData("older_than_ms=x", 400, "INVALID_REQUEST")]
    [InlineData("limit=1001", 400, "INVALID_REQUEST")]
    public async Task A_search_that_makes_no_sense_is_refused(string query, int status, string code) =>
        await AssertProblem(_host.GetAsync($"{Path}?{query}"), status, code);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_hangs_is_aborted_as_it_was_before_the_coordinators_were_asked(bool writesMeanwhile)
    {
        Open("t", 1, 12, lastAppend: _now);
        var partition = _host.Cluster.Partition("t", 1);
        partition.AbortAnswer = writesMeanwhile ? ErrorCode.InvalidTxnState : ErrorCode.None;
        Other("a").Set(TransactionStatus.Empty, new ProducerIdentity(1, 0), Timestamp.None).BeforeDescribe = () => partition.Described = new(
            ErrorCode.None, [new(Producer, writesMeanwhile ? 10 : 9, new Timestamp(_now), new Offset(12), false)]);
        var answer = _host.SendAsync(HttpMethod.Post, "/v1/topics/t/partitions/1/transactions/12:abort", null, null);
        if (writesMeanwhile)
        {
            await AssertProblem(answer, 409, "INVALID_TXN_STATE");
        }
        else
        {
            Assert.Equal(HttpStatusCode.NoContent, (await answer).Status);
        }

        Assert.Equal(new AbortHangingRequest(Producer, new Offset(12), 9), Assert.Single(partition.AbortedHanging));
    }

    [Theory]
    [InlineData("t/partitions/1/transactions/11", 409, "INVALID_TXN_STATE")]
    [InlineData("t/partitions/0/transactions/12", 409, "INVALID_TXN_STATE")]
    [InlineData("t/partitions/2/transactions/12", 404, "UNKNOWN_TOPIC_OR_PARTITION")]
    [InlineData("u/partitions/0/transactions/12", 404, "UNKNOWN_TOPIC_OR_PARTITION")]
    [InlineData("t/partitions/1/transactions/-1", 400, "INVALID_REQUEST")]
    [InlineData("t/partitions/1/transactions/x", 400, "INVALID_REQUEST")]
    public async Task What_does_not_hang_is_not_aborted(string path, int status, string code)
    {
        Open("t", 1, 12, lastAppend: 1_000);
        await AssertProblem(_host.SendAsync(HttpMethod.Post, $"/v1/topics/{path}:abort", null, null), status, code);
        Assert.Empty(_host.Cluster.Partition("t", 1).AbortedHanging);
    }

    [Theory]
    [InlineData(TransactionStatus.Ongoing)]
    [InlineData(TransactionStatus.PrepareCommit)]
    [InlineData(TransactionStatus.PrepareAbort)]
    public async Task One_that_a_coordinator_will_end_is_not_aborted(TransactionStatus status)
    {
        Open("t", 1, 12, lastAppend: 1_000);
        Other("a").Set(status, Producer, new Timestamp(1), new TopicPartition("t", 1));
        await AssertProblem(_host.SendAsync(HttpMethod.Post, "/v1/topics/t/partitions/1/transactions/12:abort", null, null), 409, "INVALID_TXN_STATE");
        Other("a").Exception = new TimeoutException();
        await AssertProblem(_host.SendAsync(HttpMethod.Post, "/v1/topics/t/partitions/1/transactions/12:abort", null, null), 504, "REQUEST_TIMED_OUT");
        Assert.Empty(_host.Cluster.Partition("t", 1).AbortedHanging);
    }

    private FakeTransaction Other(string id) => _host.Cluster.Transaction(id);

    private void Open(string topic, int partition, long start, long lastAppend) => _host.Cluster.Partition(topic, partition).Described = new(
        ErrorCode.None,
        [
            new(new ProducerIdentity(1, 0), 5, new Timestamp(lastAppend), Offset.None, true),
            new(Producer, 9, new Timestamp(lastAppend), new Offset(start), false),
        ]);

    private static bool OpenIn(TransactionStatus status) =>
        status is TransactionStatus.Ongoing or TransactionStatus.PrepareCommit or TransactionStatus.PrepareAbort;
}

using System.Net;

namespace Loire.WebApi.Tests;

/// <summary>A request waits while a grain moves to another silo or its silo has been lost, where repeating its calls does no harm.</summary>
public sealed class MovingGrainsTests
{
    private const string Records = "/v1/topics/t/partitions/0/records";

    [Fact]
    public async Task Append_of_a_partition_that_moves_is_made_again()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var partition = host.Cluster.Partition("t", 0);
        partition.BeforeAppend = number => Task.FromResult(number < 3 ? ErrorCode.NotLeaderOrFollower : ErrorCode.None);
        var answer = await host.PostAsync("/v1/topics/t/records?partition=0", "text/plain", "a\nb\n");

        Assert.Equal((HttpStatusCode.OK, 4), (answer.Status, partition.Appends));
    }

    [Fact]
    public async Task Append_whose_outcome_is_unknown_is_not_made_again()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        var partition = host.Cluster.Partition("t", 0);
        partition.BeforeAppend = _ => throw new SiloUnavailableException("It was lost.");
        var answer = await host.PostAsync("/v1/topics/t/records?partition=0", "text/plain", "a\nb\n");

        Assert.Equal((HttpStatusCode.GatewayTimeout, 1), (answer.Status, partition.Appends));
    }

    [Fact]
    public async Task Fetch_is_repeated_whatever_becomes_of_its_silo()
    {
        await using var host = await ApiHost.StartAsync();
        host.Cluster.AddTopic("t");
        await host.PostAsync("/v1/topics/t/records?partition=0", "text/plain", "a\n");
        host.Cluster.Partition("t", 0).BeforeFetch = (number, _) => number switch
        {
            0 => throw new SiloUnavailableException("It was lost."),
            1 => throw new TimeoutException(),
            2 => Task.FromResult(ErrorCode.NotLeaderOrFollower),
            _ => Task.FromResult(ErrorCode.None),
        };
        var answer = await host.GetAsync(Records + "?offset=0");

        Assert.Equal((HttpStatusCode.OK, "a"), (answer.Status, answer.Json[0].GetProperty("value").GetString()));
    }

    [Fact]
    public async Task Description_of_a_topic_is_repeated()
    {
        await using var host = await ApiHost.StartAsync();
        var topic = host.Cluster.AddTopic("t");
        topic.BeforeDescribe = () => topic.Descriptions == 1 ? throw new SiloUnavailableException("It was lost.") : Task.CompletedTask;
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/topics/t")).Status);

        Assert.Equal(2, topic.Descriptions);
    }

    [Fact]
    public async Task Change_is_repeated_only_if_it_has_had_no_effect()
    {
        await using var host = await ApiHost.StartAsync();
        var topic = host.Cluster.AddTopic("t");
        foreach (var (failure, calls, status) in new (Exception, int, HttpStatusCode)[]
        {
            (new SiloUnavailableException("It was lost."), 1, HttpStatusCode.ServiceUnavailable),
            (new LimitExceededException("The queue is full."), 2, HttpStatusCode.OK),
        })
        {
            var before = topic.Changes;
            topic.BeforeChange = () => topic.Changes == before + 1 ? throw failure : Task.CompletedTask;
            var answer = await host.SendAsync(
                HttpMethod.Patch, "/v1/topics/t", contentType: "application/json", body: """{"partitions_count":2}"""u8.ToArray());

            Assert.Equal((status, calls), (answer.Status, topic.Changes - before));
        }
    }
}

using Loire.Edge.Offsets;
using Loire.Edge.Topics;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Errors;
using Loire.WebApi.Operations;
using Loire.WebApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Loire.WebApi.Groups;

/// <summary><c>/v1/groups/{group}/offsets</c>: the committed offsets with their lag, commits from outside, and deletion.</summary>
internal sealed class GroupOffsetsEndpoints(
    IGrainFactory grains, TopicCache topics, OffsetLookup lookup, IOptions<LoireApiOptions> options)
{
    private static readonly QueryParameter<string?> Topic = QueryParameter.Text("topic", Limits.TopicNameLength, "Only this topic.");

    private static readonly QueryParameter<long> Partition =
        QueryParameter.Number("partition", 0, int.MaxValue, -1, "Only this partition of the topic.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/groups/{group}/offsets", ListAsync)
            .Describe(
                "Lists the committed offsets of a group with their lag",
                "In order of topic and partition. Where a log cannot be asked, log_end_offset and lag are null and error says why.",
                Topic)
            .Answers<GroupOffsetJson[]>().Fails(400, 404);
        routes.MapPut("/groups/{group}/offsets", CommitAsync)
            .Describe(
                "Commits offsets from outside the group",
                "The group must have no members; a new group comes to be. An offset is the next one to read. "
                + "Partitions that are not listed keep theirs.")
            .Takes<CommitOffsetsJson>().AnswersNothing().Fails(400, 404, 409, 413, 415);
        routes.MapDelete("/groups/{group}/offsets", DeleteAsync)
            .Describe(
                "Deletes committed offsets",
                "Of the topic or partition that the query names, or of those in a body {\"topics\": [{\"topic_name\": text, "
                + "\"partitions\": [number]}]}, where a topic without partitions means all. No member may subscribe to the topics. "
                + "A partition without an offset is no error.",
                Topic,
                Partition)
            .AnswersNothing().Fails(400, 404, 409, 413, 415);
    }

    private async Task ListAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var topic = ReadTopic(query);
        if ((GroupRoute.TryRead(context, out var id) ?? query.Problem) is { } problem)
        {
            await problem.WriteAsync(context);
            return;
        }

        var group = grains.GetGrain<IGroupGrain>(id.Value);
        var (committed, failed) = await OffsetsAsync(group);
        if (failed is not null)
        {
            await failed.WriteAsync(context);
            return;
        }

        var wanted = topic is null ? committed : Array.FindAll(committed, offset => offset.Partition.Topic == topic);
        var logs = new LogOffsetLookup(topics, lookup, context.RequestAborted);
        var bounds = await logs.BoundsAsync(Array.ConvertAll(wanted, offset => offset.Partition));
        await Answer.JsonAsync(
            context, [.. wanted.Zip(bounds, GroupOffsetJson.From)], DocumentJson.Default.GroupOffsetJsonArray);
    }

    private async Task CommitAsync(HttpContext context)
    {
        var problem = GroupRoute.TryRead(context, out var id) ?? new QueryReader(context).Problem;
        (var body, problem) = problem is null
            ? await JsonBody.ReadAsync(context, DocumentJson.Default.CommitOffsetsJson, options.Value.MaxDocumentBytes)
            : (null, problem);
        (var offsets, problem) = body is null ? (null, problem) : CommitBody.Read(body.Offsets);
        if (offsets is not null)
        {
            problem = await FindMissingAsync(offsets, context.RequestAborted)
                ?? await AdminOffsetCommit.CommitAsync(grains.GetGrain<IGroupGrain>(id.Value), offsets);
        }

        await (problem is null ? Answer.NoContent(context) : problem.WriteAsync(context));
    }

    private async Task DeleteAsync(HttpContext context)
    {
        var query = new QueryReader(context);
        var topic = ReadTopic(query);
        var partition = (int)query.Get(Partition);
        var hasBody = JsonBody.IsPresent(context.Request);
        if ((topic is null && partition >= 0) || (topic is null) != hasBody)
        {
            query.Refuse("Name what to delete: by the query parameter topic, if need be with partition, or else by a body.");
        }

        var problem = GroupRoute.TryRead(context, out var id) ?? query.Problem;
        TopicPartitionsJson[]? topics =
            topic is { } name ? [new TopicPartitionsJson(name.Value, partition < 0 ? null : [partition])] : null;
        if (problem is null && topics is null)
        {
            (var body, problem) = await JsonBody.ReadAsync(
                context, DocumentJson.Default.DeleteOffsetsJson, options.Value.MaxDocumentBytes);
            topics = body?.Topics;
        }

        (var selection, problem) = topics is null || problem is not null ? (null, problem) : PartitionSelection.Read(topics);
        problem ??= await DeleteAsync(grains.GetGrain<IGroupGrain>(id.Value), selection!);
        await (problem is null ? Answer.NoContent(context) : problem.WriteAsync(context));
    }

    private static async Task<ApiProblem?> DeleteAsync(IGroupGrain group, PartitionSelection selection)
    {
        var (committed, problem) = await OffsetsAsync(group);
        if (problem is not null)
        {
            return problem;
        }

        var all = committed.ToLookup(offset => offset.Partition.Topic, offset => offset.Partition.Partition);
        TopicPartition[] partitions = [.. selection.Expand(topic => all[topic])];
        return CommitProblem.Of(await group.DeleteOffsets(partitions), "deleted");
    }

    private static async Task<(CommittedOffset[] Offsets, ApiProblem? Problem)> OffsetsAsync(IGroupGrain group)
    {
        var result = await group.Offsets(null);
        var error = result.Error;
        if (error == ErrorCode.None && result.Offsets.Length == 0)
        {
            // A group that does not exist has no offsets either.
            error = (await group.Describe()).Error;
        }

        return (result.Offsets, error == ErrorCode.None ? null : new ApiProblem(error));
    }

    // The group takes offsets of any partition. One that does not exist is nearly always a misspelt topic.
    private async Task<ApiProblem?> FindMissingAsync(CommittedOffset[] offsets, CancellationToken cancellation)
    {
        var logs = new LogOffsetLookup(topics, lookup, cancellation);
        await logs.DescribeAsync(offsets.Select(offset => offset.Partition.Topic));
        foreach (var offset in offsets)
        {
            if (logs.FindMissing(offset.Partition) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static TopicName? ReadTopic(QueryReader query)
    {
        if (query.Get(Topic) is not { } text)
        {
            return null;
        }

        if (!TopicName.TryParse(text, out var name, out var illegal))
        {
            query.Refuse(illegal);
        }

        return name;
    }
}

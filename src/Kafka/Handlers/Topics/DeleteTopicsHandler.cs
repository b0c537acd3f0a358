using Loire.Kafka.Protocol.Apis;
using Loire.Kafka.Protocol.Messages;
using Loire.Kafka.Protocol.Wire;
using Loire.Kafka.Requests;
using Loire.Model;

namespace Loire.Kafka.Handlers.Topics;

/// <summary>
/// DeleteTopics 1 to 6: by name, in version 6 also by id. A topic that is named twice, be it by name and by id, is answered once, with
/// <see cref="ErrorCode.InvalidRequest"/>, and not deleted. The answer comes when the data is gone; the timeout is not looked at.
/// </summary>
/// <param name="topics">Deletes the topics.</param>
internal sealed class DeleteTopicsHandler(TopicDirectory topics) : KafkaHandler<DeleteTopicsRequest>(ApiKey.DeleteTopics, 1, 6)
{
    protected override async ValueTask<IKafkaMessage?> HandleAsync(HandlerContext context, DeleteTopicsRequest request)
    {
        var wanted = context.Version >= 6
            ? await TopicDirectory.EachAsync(request.Topics, topic => FindAsync(topic.Name, topic.TopicId))
            : await TopicDirectory.EachAsync(request.TopicNames, name => FindAsync(name, Guid.Empty));
        return new DeleteTopicsResponse
        {
            Responses = await TopicDirectory.EachAsync([.. wanted.GroupBy(Identity)], async same =>
            {
                var answer = same.First();
                if (same.Count() > 1)
                {
                    return Refused(answer, ErrorCode.InvalidRequest, "The topic is named twice.");
                }

                return answer.ErrorCode == ErrorCode.None ? await DeleteAsync(answer, context.Version) : answer;
            }),
        };
    }

    protected override IKafkaMessage Refuse(HandlerContext context, DeleteTopicsRequest request, ErrorCode error) => new DeleteTopicsResponse
    {
        Responses = context.Version >= 6
            ? [.. request.Topics.Select(topic => Refused(new() { Name = topic.Name, TopicId = topic.TopicId }, error, null))]
            : [.. request.TopicNames.Select(name => Refused(new() { Name = name }, error, null))],
    };

    private static object Identity(DeleteTopicsResponse.Response wanted) => wanted.Name ?? (object)wanted.TopicId;

    /// <summary>What is to be deleted, with its name and its id, or the answer to it.</summary>
    private async ValueTask<DeleteTopicsResponse.Response> FindAsync(string? name, Guid id)
    {
        var wanted = new DeleteTopicsResponse.Response { Name = name, TopicId = id };
        if (name is null == (id == Guid.Empty))
        {
            return Refused(wanted, ErrorCode.InvalidRequest, "A topic is named by its name or by its id, and not by both.");
        }

        var lookup = await (name is null
            ? topics.FindAsync(new TopicId(id), CancellationToken.None)
            : topics.FindAsync(name, CancellationToken.None));
        return lookup.Topic is { } topic
            ? new DeleteTopicsResponse.Response { Name = topic.Name.Value, TopicId = topic.Id.Value }
            : Refused(
                wanted, name is not null && lookup.Error == ErrorCode.InvalidTopicException ? ErrorCode.UnknownTopicOrPartition : lookup.Error, lookup.Detail);
    }

    // Deletes only the creation that was found: the name may belong to a newer one by now, which nobody asked to delete.
    private async ValueTask<DeleteTopicsResponse.Response> DeleteAsync(DeleteTopicsResponse.Response wanted, short version)
    {
        var deleted = await topics.ChangeAsync(TopicName.Parse(wanted.Name), grain => grain.DeleteCreation(new TopicId(wanted.TopicId)));
        return deleted.Error == ErrorCode.None ? wanted
            : Refused(wanted, deleted.Error == ErrorCode.UnknownTopicId && version < 6 ? ErrorCode.UnknownTopicOrPartition : deleted.Error, deleted.Detail);
    }

    private static DeleteTopicsResponse.Response Refused(DeleteTopicsResponse.Response wanted, ErrorCode error, string? detail) => new()
    {
        Name = wanted.Name,
        TopicId = wanted.TopicId,
        ErrorCode = error,
        ErrorMessage = detail ?? ErrorCodes.Describe(error).Text,
    };
}

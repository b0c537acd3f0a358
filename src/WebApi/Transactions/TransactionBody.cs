using System.Globalization;
using System.Text.Json;
using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Errors;
using Loire.WebApi.Groups;
using Loire.WebApi.Records;
using Loire.WebApi.Records.Produce;
using Loire.WebApi.Requests;

namespace Loire.WebApi.Transactions;

/// <summary>A transaction: records for topics, and offsets of groups, all or nothing.</summary>
/// <param name="Topics">The records, each topic at most once.</param>
/// <param name="Groups">The offsets, each group at most once.</param>
internal sealed record RunTransactionJson(TransactionTopicJson[]? Topics = null, TransactionGroupJson[]? Groups = null);

/// <summary>Records for a topic.</summary>
internal sealed record TransactionTopicJson(string TopicName, ProducerRecordJson[] Records);

/// <summary>Offsets of a group.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Offsets">The next offsets to read.</param>
/// <param name="MemberId">The member on whose behalf they are committed, whose epoch is checked; absent for no check.</param>
/// <param name="MemberEpoch">The member's epoch; goes with a member.</param>
internal sealed record TransactionGroupJson(string GroupId, CommitOffsetJson[] Offsets, string? MemberId = null, int? MemberEpoch = null);

/// <summary>The records of a topic, in a part of the body.</summary>
/// <param name="Name">The topic.</param>
/// <param name="Start">Where the array of records begins, in bytes.</param>
/// <param name="Length">Its length, in bytes.</param>
internal readonly record struct TransactionTopic(TopicName Name, int Start, int Length);

/// <summary>Offsets of a group, checked.</summary>
internal sealed record TransactionOffsets(GroupId Group, MemberId? Member, int Epoch, CommittedOffset[] Offsets);

/// <summary>Reads the body of a transaction, except for the records themselves, which stay where they are.</summary>
internal sealed class TransactionBody
{
    private const string Shape = "The body must be {\"topics\": [{\"topic_name\": text, \"records\": [...]}], \"groups\": [{\"group_id\": text, \"offsets\": [...]}]}, of which one may be absent.";

    public List<TransactionTopic> Topics { get; } = [];

    public List<TransactionOffsets> Groups { get; } = [];

    /// <summary>Reads a body.</summary>
    /// <param name="source">The JSON.</param>
    /// <param name="max">How many topics, and how many groups, there may be.</param>
    /// <returns>What is wrong; null if nothing is.</returns>
    public ApiProblem? Read(ReadOnlySpan<byte> source, int max)
    {
        try
        {
            var reader = new Utf8JsonReader(source, RecordFields.ReaderOptions);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return ApiProblem.BadRequest(Shape);
            }

            var (hasTopics, hasGroups) = (false, false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isTopics = !hasTopics && reader.ValueTextEquals("topics"u8);
                if (!isTopics && (hasGroups || !reader.ValueTextEquals("groups"u8)))
                {
                    return ApiProblem.BadRequest(Shape);
                }

                (hasTopics, hasGroups) = (hasTopics || isTopics, hasGroups || !isTopics);
                reader.Read();
                if ((isTopics ? ReadTopics(ref reader, max) : ReadGroups(ref reader, source, max)) is { } problem)
                {
                    return problem;
                }
            }

            return reader.TokenType != JsonTokenType.EndObject || reader.Read() ? ApiProblem.BadRequest(Shape)
                : Topics.Count + Groups.Count == 0 ? ApiProblem.BadRequest("A transaction has records or offsets.")
                : null;
        }
        catch (JsonException exception)
        {
            return ApiProblem.BadRequest(JsonBody.Describe(exception));
        }
    }

    private ApiProblem? ReadTopics(ref Utf8JsonReader reader, int max)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return ApiProblem.BadRequest(Shape);
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var (name, start, length) = (default(string), -1, 0);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isName = name is null && reader.ValueTextEquals("topic_name"u8);
                if (!isName && (start >= 0 || !reader.ValueTextEquals("records"u8)))
                {
                    return ApiProblem.BadRequest(Shape);
                }

                reader.Read();
                if (reader.TokenType != (isName ? JsonTokenType.String : JsonTokenType.StartArray))
                {
                    return ApiProblem.BadRequest(Shape);
                }

                if (isName)
                {
                    name = JsonSerializer.Deserialize<string>(ref reader, DocumentJson.Options);
                }
                else
                {
                    start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    length = (int)reader.BytesConsumed - start;
                }
            }

            if (name is null || start < 0)
            {
                return ApiProblem.BadRequest(Shape);
            }

            if (!TopicName.TryParse(name, out var topic, out var illegal))
            {
                return new ApiProblem(ErrorCode.InvalidTopicException, illegal);
            }

            if (Topics.Exists(other => other.Name == topic))
            {
                return ApiProblem.BadRequest($"Topic {topic} is given twice.");
            }

            if (Topics.Count == max)
            {
                return ApiProblem.BadRequest(string.Create(CultureInfo.InvariantCulture, $"A transaction has at most {max} topics."));
            }

            Topics.Add(new TransactionTopic(topic, start, length));
        }

        return reader.TokenType == JsonTokenType.EndArray ? null : ApiProblem.BadRequest(Shape);
    }

    private ApiProblem? ReadGroups(ref Utf8JsonReader reader, ReadOnlySpan<byte> source, int max)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        TransactionGroupJson[]? groups;
        try
        {
            groups = JsonSerializer.Deserialize<TransactionGroupJson[]>(source[start..(int)reader.BytesConsumed], DocumentJson.Options);
        }
        catch (JsonException exception)
        {
            return ApiProblem.BadRequest("In groups: " + JsonBody.Describe(exception, DocumentJson.Options.GetTypeInfo(typeof(TransactionGroupJson[]))));
        }

        if (groups is null || groups.Length > max)
        {
            return ApiProblem.BadRequest(string.Create(CultureInfo.InvariantCulture, $"A transaction has a list of at most {max} groups."));
        }

        foreach (var group in groups)
        {
            if (Add(group) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private ApiProblem? Add(TransactionGroupJson? group)
    {
        if (group is null)
        {
            return ApiProblem.BadRequest(Shape);
        }

        if (!GroupId.TryParse(group.GroupId, out var id, out var illegal))
        {
            return new ApiProblem(ErrorCode.InvalidGroupId, illegal);
        }

        MemberId? member = null;
        if (group.MemberId is not null)
        {
            if (!MemberId.TryParse(group.MemberId, out var named, out illegal))
            {
                return ApiProblem.BadRequest(illegal);
            }

            member = named;
        }

        if ((member is null) != (group.MemberEpoch is null) || group.MemberEpoch < 0)
        {
            return ApiProblem.BadRequest($"Of group {id}: member_id and member_epoch, a whole number from 0, go together.");
        }

        if (Groups.Exists(other => other.Group == id))
        {
            return ApiProblem.BadRequest($"Group {id} is given twice.");
        }

        var (offsets, problem) = CommitBody.Read(group.Offsets);
        if (problem is null)
        {
            Groups.Add(new TransactionOffsets(id, member, group.MemberEpoch ?? -1, offsets!));
        }

        return problem;
    }
}

using System.Text.Json;
using Loire.Grains.Interfaces.Groups;
using Loire.Model;
using Loire.Model.Groups;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups;

/// <summary>What a group's answer to a change of offsets means to the client.</summary>
internal static class CommitProblem
{
    /// <summary>What went wrong, with the partitions to which it happened.</summary>
    /// <param name="result">The group's answer.</param>
    /// <param name="done">What was done with the other partitions.</param>
    public static ApiProblem? Of(CommitResult result, string done)
    {
        if (result.Error != ErrorCode.None || result.Refused.Length == 0)
        {
            return result.Error == ErrorCode.None ? null : new ApiProblem(result.Error, result.Detail);
        }

        var first = result.Refused[0];
        var detail = result.Detail ?? $"{first.Partition}: {ErrorCodes.Describe(first.Error).Text} What is not in refused was {done}.";
        return new ApiProblem(first.Error, detail) { Members = json => WriteRefused(json, result.Refused) };
    }

    private static void WriteRefused(Utf8JsonWriter json, PartitionError[] refused)
    {
        json.WriteStartArray("refused"u8);
        foreach (var (partition, error) in refused)
        {
            json.WriteStartObject();
            json.WriteString("topic_name"u8, partition.Topic.Value);
            json.WriteNumber("partition"u8, partition.Partition);
            json.WriteNumber("error_code"u8, (short)error);
            json.WriteString("code"u8, ErrorCodes.Describe(error).Name);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

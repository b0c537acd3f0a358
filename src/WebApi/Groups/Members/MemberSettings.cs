using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups.Members;

/// <summary>Checks what a body says of a member to be made.</summary>
internal static class MemberSettings
{
    private static readonly string[] DefaultAssignors = ["cooperative-sticky"];

    /// <param name="body">What the client wishes.</param>
    /// <param name="host">Where it is.</param>
    /// <param name="maxFetchBytes">The greatest <c>fetch_min_bytes</c>.</param>
    public static (ConsumerSettings? Settings, ApiProblem? Problem) Read(CreateMemberJson body, string host, int maxFetchBytes)
    {
        var assignors = body.PartitionAssignmentStrategy ?? DefaultAssignors;
        var isReset = OffsetSpec.TryParse(body.AutoOffsetReset, out var reset) && reset.IsReset;
        var problem = !isReset ? "auto_offset_reset must be latest, earliest or none."
            : body.ClientId?.Length > Limits.ClientNameLength ? $"client_id has at most {Limits.ClientNameLength} characters."
            : body.InstanceId is { } id && GroupInstanceId.FindProblem(id) is { } illegal ? $"instance_id: {illegal}"
            : body.AutoCommitIntervalMs < 1 ? AtLeastOne("auto_commit_interval_ms")
            : body.SessionTimeoutMs < 1 ? AtLeastOne("session_timeout_ms")
            : body.MaxPollIntervalMs < 1 ? AtLeastOne("max_poll_interval_ms")
            : assignors.Length is 0 or > Limits.AssignorsPerMember || !Array.TrueForAll(assignors, IsName)
                || assignors.Distinct(StringComparer.Ordinal).Count() < assignors.Length
                ? $"partition_assignment_strategy has the names of 1 to {Limits.AssignorsPerMember} assignors, each once."
            : body.FetchMinBytes < 1 || body.FetchMinBytes > maxFetchBytes
                ? $"fetch_min_bytes must be a whole number from 1 to {maxFetchBytes}."
            : null;
        if (problem is not null)
        {
            return (null, ApiProblem.BadRequest(problem));
        }

        return (new ConsumerSettings(
            string.IsNullOrEmpty(body.ClientId) ? "http" : body.ClientId,
            host,
            body.InstanceId is { } instance ? GroupInstanceId.Parse(instance) : default(GroupInstanceId?),
            reset,
            body.EnableAutoCommit ? TimeSpan.FromMilliseconds(body.AutoCommitIntervalMs) : null,
            TimeSpan.FromMilliseconds(body.SessionTimeoutMs),
            TimeSpan.FromMilliseconds(body.MaxPollIntervalMs),
            assignors,
            body.FetchMinBytes,
            null), null);
    }

    private static string AtLeastOne(string name) => $"{name} must be a whole number from 1 to {int.MaxValue}.";

    private static bool IsName(string? name) => name?.Length is > 0 and <= Limits.GroupIdLength;
}

using System.Collections.Immutable;
using System.Text;
using Loire.Model;
using Loire.Coordination.Groups.Assignors;
using Loire.Model.Groups;

namespace Loire.Coordination.Groups.Membership;

/// <summary>Validates heartbeats, independently of the group's state where possible, and normalizes subscriptions.</summary>
internal static class HeartbeatChecks
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static (ErrorCode Error, string? Detail) Check(HeartbeatRequest request) => request switch
    {
        _ when request.MemberId == default || request.InstanceId == default(GroupInstanceId) =>
            Invalid("A member id, and a group instance id if there is one, must not be empty."),
        { MemberEpoch: < 0 } => Invalid("A member epoch is at least 0; 0 joins."),
        _ when !IsText(request.ClientId, Limits.ClientNameLength) || !IsText(request.Host, Limits.ClientNameLength) =>
            Invalid($"The client id and the host have at most {Limits.ClientNameLength} characters of well-formed text."),
        { MemberEpoch: 0, Subscription: null } => Invalid("A member that joins says what it subscribes to."),
        _ => (ErrorCode.None, null),
    };

    public static (ErrorCode Error, string? Detail) Check(MemberSubscription terms, MembershipOptions options)
    {
        if (terms.Topics.IsDefault || terms.Assignors.IsDefault || terms.Topics.Length > Limits.SubscriptionLength)
        {
            return Invalid($"A member subscribes to at most {Limits.SubscriptionLength} topics by name.");
        }

        if (terms.Topics.Contains(default))
        {
            return (ErrorCode.InvalidTopicException, "A topic name must not be empty.");
        }

        if (terms.Pattern is { } text && !IsText(text, Limits.SubscriptionLength))
        {
            return (ErrorCode.InvalidRegularExpression,
                $"A pattern has at most {Limits.SubscriptionLength} characters of well-formed text.");
        }

        if (terms.Pattern is not null && !TopicPattern.TryParse(terms.Pattern, out _, out var problem))
        {
            return (ErrorCode.InvalidRegularExpression, problem);
        }

        if (terms.Assignors.Length is 0 or > Limits.AssignorsPerMember || !terms.Assignors.All(IsName)
            || terms.Assignors.Distinct(StringComparer.Ordinal).Count() < terms.Assignors.Length)
        {
            return Invalid($"A member lists 1 to {Limits.AssignorsPerMember} assignors by their names, each once.");
        }

        if (terms.SessionTimeout < options.SessionTimeoutMin || terms.SessionTimeout > options.SessionTimeoutMax)
        {
            return (ErrorCode.InvalidSessionTimeout,
                $"The session timeout must be from {options.SessionTimeoutMin} to {options.SessionTimeoutMax}.");
        }

        return terms.RebalanceTimeout < TimeSpan.FromMilliseconds(1) || terms.RebalanceTimeout > TimeSpan.FromMilliseconds(int.MaxValue)
            ? Invalid("The rebalance timeout must be from 1 ms to 2147483647 ms.")
            : (ErrorCode.None, null);
    }

    /// <summary>Sorts and deduplicates topics and truncates times to whole milliseconds, as records store them.</summary>
    public static MemberSubscription Normalize(MemberSubscription terms) => terms with
    {
        Topics = [.. terms.Topics.Distinct().Order()],
        SessionTimeout = TimeSpan.FromMilliseconds((long)terms.SessionTimeout.TotalMilliseconds),
        RebalanceTimeout = TimeSpan.FromMilliseconds((long)terms.RebalanceTimeout.TotalMilliseconds),
    };

    /// <summary>Checks that the broker has an assignor that the member and all other members list.</summary>
    /// <param name="state">The group.</param>
    /// <param name="leaving">The member whose list no longer counts; null if there is none.</param>
    /// <param name="assignors">The joining member's list.</param>
    /// <param name="registry">The broker's assignors.</param>
    public static (ErrorCode Error, string? Detail) Agree(
        GroupState state, GroupMember? leaving, ImmutableArray<string> assignors, AssignorRegistry registry)
    {
        var known = assignors.Where(name => registry.TryGet(name, out _)).ToArray();
        var others = state.Members.Count - (leaving is null ? 0 : 1);
        bool AllOthersList(string name) =>
            state.CountListing(name) - (leaving?.Profile.Subscription.Assignors.Contains(name) == true ? 1 : 0) == others;

        return known.Length == 0
            ? (ErrorCode.UnsupportedAssignor, $"None of the assignors {string.Join(", ", assignors)} is known here.")
            : known.Any(AllOthersList)
                ? (ErrorCode.None, null)
                : (ErrorCode.InconsistentGroupProtocol, $"No assignor of {string.Join(", ", known)} is listed by all other members.");
    }

    private static (ErrorCode Error, string? Detail) Invalid(string detail) => (ErrorCode.InvalidRequest, detail);

    private static bool IsName(string text) => text is { Length: > 0 } && IsText(text, Limits.GroupIdLength);

    // Ill-formed UTF-16 would not survive a round trip through the journal.
    private static bool IsText(string text, int maxLength)
    {
        if (text is null || text.Length > maxLength)
        {
            return false;
        }

        try
        {
            return Utf8.GetByteCount(text) >= 0;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}

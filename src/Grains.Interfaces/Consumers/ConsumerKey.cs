using System.Diagnostics.CodeAnalysis;
using Loire.Model;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>
/// The key of an <see cref="IConsumerGrain"/>: <c>{consumer id}/{group id}</c>. A consumer id has no slash, so the first one ends it.
/// </summary>
/// <param name="GroupId">The group that the consumer is a member of.</param>
/// <param name="ConsumerId">The consumer's member id in the group: ASCII letters, digits, dots, underscores and hyphens.</param>
public readonly record struct ConsumerKey(GroupId GroupId, MemberId ConsumerId)
{
    /// <summary>Returns the rule that a consumer id violates, as a sentence; null for a legal one.</summary>
    public static string? FindProblem(string consumerId) =>
        consumerId.Length is 0 or > Limits.GroupIdLength || !consumerId.All(IsAllowed)
            ? $"A consumer's id has 1 to {Limits.GroupIdLength} characters: ASCII letters and digits, '.', '_' and '-'."
            : null;

    /// <summary>Parses a grain key.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ConsumerKey key)
    {
        key = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (slash <= 0 || FindProblem(text![..slash]) is not null || !GroupId.TryParse(text[(slash + 1)..], out var group, out _))
        {
            return false;
        }

        key = new ConsumerKey(group, MemberId.Parse(text[..slash]));
        return true;
    }

    /// <summary>The grain key.</summary>
    public override string ToString() => $"{ConsumerId}/{GroupId}";

    private static bool IsAllowed(char one) => char.IsAsciiLetterOrDigit(one) || one is '.' or '_' or '-';
}

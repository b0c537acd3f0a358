using System.Diagnostics.CodeAnalysis;

namespace Loire.Grains.Interfaces.Consumers;

/// <summary>
/// The key of an <see cref="IConsumerGrain"/>: <c>{consumer id}/{group id}</c>. A consumer's id has no slash, so the first one ends it.
/// </summary>
/// <param name="GroupId">The group, as its grain's key.</param>
/// <param name="ConsumerId">The consumer's id in the group, 1 to <see cref="Model.Limits.GroupIdLength"/> characters: letters, digits,
/// dots, underscores and hyphens.</param>
public readonly record struct ConsumerKey(string GroupId, string ConsumerId)
{
    /// <summary>What is wrong with a consumer's id, in one sentence; null if it is fit.</summary>
    public static string? FindProblem(string consumerId) =>
        consumerId.Length is 0 or > Model.Limits.GroupIdLength || !consumerId.All(IsFit)
            ? $"A consumer's id has 1 to {Model.Limits.GroupIdLength} characters: ASCII letters and digits, '.', '_' and '-'."
            : null;

    /// <summary>Reads a grain's key.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ConsumerKey key)
    {
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        key = slash > 0 ? new ConsumerKey(text![(slash + 1)..], text[..slash]) : default;
        return slash > 0 && FindProblem(key.ConsumerId) is null;
    }

    /// <summary>The grain's key.</summary>
    public override string ToString() => $"{ConsumerId}/{GroupId}";

    private static bool IsFit(char one) => char.IsAsciiLetterOrDigit(one) || one is '.' or '_' or '-';
}

using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Loire.Model;

namespace Loire.Coordination.Groups.Membership;

/// <summary>
/// A regular expression for topic names. It must match the whole name, and matching takes linear time: backreferences and lookarounds,
/// which need backtracking, are refused.
/// </summary>
public sealed class TopicPattern
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;

    private readonly Regex _whole;

    private TopicPattern(Regex whole) => _whole = whole;

    /// <summary>Parses a pattern; if it is invalid, <paramref name="problem"/> is the human-readable reason.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out TopicPattern? pattern, [NotNullWhen(false)] out string? problem)
    {
        pattern = null;
        if (text.Length > Limits.SubscriptionLength)
        {
            problem = $"A pattern has at most {Limits.SubscriptionLength} characters.";
            return false;
        }

        try
        {
            // Parse it alone first: 'a)(b' is invalid, but would become valid inside the parentheses below.
            _ = new Regex(text, Options);
            pattern = new TopicPattern(new Regex($"\\A(?:{text})\\z", Options));
            problem = null;
            return true;
        }
        catch (Exception refused) when (refused is ArgumentException or NotSupportedException)
        {
            problem = $"The pattern is not valid: {refused.Message}";
            return false;
        }
    }

    /// <summary>Whether the whole name matches.</summary>
    public bool Matches(TopicName topic) => _whole.IsMatch(topic.Value);
}

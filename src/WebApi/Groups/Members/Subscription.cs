using System.Globalization;
using Loire.Model;
using Loire.WebApi.Errors;

namespace Loire.WebApi.Groups.Members;

/// <summary>What a member subscribes to: names of topics, or a pattern. Whether the pattern is one, the consumer says.</summary>
internal sealed record Subscription(TopicName[] Topics, string? Pattern)
{
    /// <summary>Reads what a body names; nothing at all is no subscription and no problem.</summary>
    public static (Subscription? Subscription, ApiProblem? Problem) Read(string?[]? topics, string? pattern)
    {
        if (topics is null || pattern is not null)
        {
            return topics is not null ? (null, ApiProblem.BadRequest("Give topics or topic_pattern, not both."))
                : pattern is null ? (null, null)
                : pattern.Length is 0 or > Limits.SubscriptionLength
                    ? (null, new ApiProblem(
                        ErrorCode.InvalidRegularExpression, $"topic_pattern has 1 to {Limits.SubscriptionLength} characters."))
                : (new Subscription([], pattern), null);
        }

        if (topics.Length is 0 or > Limits.SubscriptionLength)
        {
            return (null, ApiProblem.BadRequest($"topics has 1 to {Limits.SubscriptionLength} names."));
        }

        var names = new TopicName[topics.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (!TopicName.TryParse(topics[i], out names[i], out var illegal))
            {
                var detail = string.Create(CultureInfo.InvariantCulture, $"Entry {i} of topics is no name of a topic: {illegal}");
                return (null, new ApiProblem(ErrorCode.InvalidTopicException, detail));
            }
        }

        return names.Distinct().Count() == names.Length
            ? (new Subscription(names, null), null)
            : (null, ApiProblem.BadRequest("A topic is given twice."));
    }
}

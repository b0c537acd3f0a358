using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Loire.Grains.Interfaces.Consumers;
using Loire.Model;
using Loire.Model.Transactions;
using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Requests;

/// <summary>
/// Checks the path and the query of a typed handler before ASP.NET binds them, by the types and validation attributes of its parameters, so
/// that a refusal has Kafka's error and says what the value must be. A query parameter that the handler lacks, or that is given twice and not
/// an array, is refused too: ignoring a misspelt bound is worse than an error.
/// </summary>
internal static class StrictBinding
{
    /// <summary>Checks all typed handlers of a group; endpoints that are plain request delegates read their requests themselves.</summary>
    public static TBuilder CheckParameters<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.Add(endpoint =>
        {
            if (endpoint is RouteEndpointBuilder { RequestDelegate: { } bind } route
                && route.Metadata.OfType<MethodInfo>().FirstOrDefault() is { } handler)
            {
                var names = route.RoutePattern.Parameters.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
                var parameters = handler.GetParameters().ToLookup(parameter => names.Contains(parameter.Name!));
                Rule[] path = [.. parameters[true].Select(parameter => RuleOf(parameter, isPath: true)).OfType<Rule>()];
                Rule[] query = [.. parameters[false].Select(parameter => RuleOf(parameter, isPath: false)).OfType<Rule>()];
                route.RequestDelegate = context =>
                    FindProblem(context, path, query) is { } problem ? problem.WriteAsync(context) : bind(context);
            }
        });
        return endpoints;
    }

    private static ApiProblem? FindProblem(HttpContext context, Rule[] path, Rule[] query)
    {
        RouteText.DecodeValue(context, "group");
        RouteText.DecodeValue(context, "transaction");
        foreach (var rule in path)
        {
            if (rule.FindProblem(context.GetRouteValue(rule.Name) as string ?? "") is { } problem)
            {
                return problem;
            }
        }

        foreach (var (name, values) in context.Request.Query)
        {
            var problem = Array.Find(query, known => known.Name == name) is not { } rule
                    ? ApiProblem.BadRequest(QueryReader.DescribeUnknown(name, query.Select(known => known.Name)))
                : values.Count > 1 && !rule.MayRepeat ? ApiProblem.BadRequest($"The query parameter {name} is given more than once.")
                : values.Select(value => rule.FindProblem(value ?? "")).FirstOrDefault(found => found is not null);
            if (problem is not null)
            {
                return problem;
            }
        }

        return null;
    }

    // Null for what does not come from the path or the query. Kafka's errors of a name are for the name that the path has.
    private static Rule? RuleOf(ParameterInfo parameter, bool isPath)
    {
        var name = parameter.GetCustomAttribute<FromQueryAttribute>()?.Name ?? parameter.Name!;
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        var mayRepeat = type.IsArray;
        type = type.GetElementType() ?? type;
        var illegal = isPath ? ErrorCode.InvalidTopicException : ErrorCode.InvalidRequest;
        var maxLength = parameter.GetCustomAttribute<MaxLengthAttribute>()?.Length ?? int.MaxValue;
        return type == typeof(TopicName) ? new Rule(name, text => Topic(text, illegal))
            : type == typeof(GroupId) ? new Rule(name, Group)
            : type == typeof(SearchTime) ? new Rule(name, text => SearchTime.FindProblem(text) is { } expected ? Refuse(name, expected) : null)
            : type == typeof(TransactionalId) ? new Rule(name, Transaction)
            : type == typeof(int) ? new Rule(name, Number(name, parameter.GetCustomAttribute<RangeAttribute>(), int.MaxValue), mayRepeat)
            : type == typeof(long) ? new Rule(name, Number(name, parameter.GetCustomAttribute<RangeAttribute>(), long.MaxValue), mayRepeat)
            : type == typeof(bool) ? new Rule(name, text => text is "true" or "false" ? null : Refuse(name, "must be true or false"))
            : type == typeof(string) && name == "member" ? new Rule(name, Member)
            : type == typeof(string) ? new Rule(name, Text(name, maxLength), mayRepeat)
            : null;
    }

    private static ApiProblem? Topic(string text, ErrorCode error) =>
        TopicName.TryParse(text, out _, out var problem) ? null : new ApiProblem(error, problem);

    private static ApiProblem? Group(string text) =>
        GroupId.FindProblem(text) is { } problem ? new ApiProblem(ErrorCode.InvalidGroupId, problem) : null;

    private static ApiProblem? Transaction(string text) => TransactionalId.FindProblem(text) is { } problem ? ApiProblem.BadRequest(problem) : null;

    // No consumer has an id that breaks the rules, so such an id is as unknown as any other.
    private static ApiProblem? Member(string text) =>
        ConsumerKey.FindProblem(text) is { } problem ? new ApiProblem(ErrorCode.UnknownMemberId, problem) : null;

    private static Func<string, ApiProblem?> Number(string name, RangeAttribute? range, long greatest)
    {
        var (min, max) = range is null ? (0, greatest) : ((int)range.Minimum, (int)range.Maximum);
        var expected = string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {min} to {max}");
        return text =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
                ? null
                : Refuse(name, expected);
    }

    private static Func<string, ApiProblem?> Text(string name, int maxLength) =>
        text => text.Length <= maxLength ? null : Refuse(name, $"must have at most {maxLength} characters");

    private static ApiProblem Refuse(string name, string expected) => ApiProblem.BadRequest($"The parameter {name} {expected}.");

    private sealed record Rule(string Name, Func<string, ApiProblem?> FindProblem, bool MayRepeat = false);
}

using Loire.WebApi.Errors;
using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Requests;

/// <summary>
/// Reads the query of one request. A parameter that the endpoint does not know, or that comes twice, is refused: a misspelt bound that is
/// silently ignored is worse than an error.
/// </summary>
internal sealed class QueryReader
{
    private readonly IQueryCollection _query;

    public QueryReader(HttpContext context)
    {
        _query = context.Request.Query;
        var known = context.GetEndpoint()?.Metadata.GetMetadata<QueryParameters>()?.All ?? [];
        foreach (var (name, values) in _query)
        {
            if (!known.Any(parameter => parameter.Name == name))
            {
                Refuse(DescribeUnknown(name, known.Select(parameter => parameter.Name)));
            }
            else if (values.Count > 1)
            {
                Refuse($"The query parameter {name} is given more than once.");
            }
        }
    }

    /// <summary>The first thing that is wrong with the query; to be looked at after the last <see cref="Get"/>.</summary>
    public ApiProblem? Problem { get; private set; }

    /// <summary>The value of a parameter, or its fallback if it is absent or wrong.</summary>
    public T Get<T>(QueryParameter<T> parameter)
    {
        if (!_query.TryGetValue(parameter.Name, out var values) || values.Count != 1)
        {
            return parameter.Fallback;
        }

        if (parameter.TryParse(values[0] ?? "", out var value) is { } expected)
        {
            Refuse($"The query parameter {parameter.Name} {expected}.");
            return parameter.Fallback;
        }

        return value;
    }

    public bool Has(QueryParameter parameter) => _query.ContainsKey(parameter.Name);

    public void Refuse(string detail) => Problem ??= ApiProblem.BadRequest(detail);

    public static string DescribeUnknown(string name, IEnumerable<string> known)
    {
        var names = string.Join(", ", known);
        return $"The query parameter '{ApiProblem.Excerpt(name)}' is unknown here{(names.Length == 0 ? "." : $"; known are {names}.")}";
    }
}

/// <summary>The query parameters that an endpoint knows.</summary>
internal sealed record QueryParameters(params QueryParameter[] All);

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Loire.WebApi.Errors;

/// <summary>
/// A further API beside <c>/v1</c>, with paths and a shape of errors of its own. <c>MapLoireApi</c> maps all that are registered.
/// </summary>
internal interface IApiDialect
{
    void Map(IEndpointRouteBuilder routes);

    /// <summary>Whether errors at a path are the dialect's, also where no endpoint matches.</summary>
    bool Owns(PathString path);

    /// <summary>Answers with the problem; the response has not started.</summary>
    Task WriteAsync(HttpContext context, ApiProblem problem);
}

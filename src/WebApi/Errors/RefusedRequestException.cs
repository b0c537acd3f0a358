using Microsoft.AspNetCore.Http;

namespace Loire.WebApi.Errors;

/// <summary>A request that binding refuses: thrown where ASP.NET leaves no other way out, answered with its problem.</summary>
internal sealed class RefusedRequestException(ApiProblem problem) : BadHttpRequestException(problem.Detail ?? "", problem.HttpStatus)
{
    public ApiProblem Problem => problem;
}

using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>Makes a route's <see cref="OpenApiMetadata"/> its operation in the document.</summary>
internal sealed class OperationTransformer : IOpenApiOperationTransformer
{
    private const string ProblemJson = "application/problem+json";

    /// <inheritdoc/>
    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var document = context.Document!;
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var inPath = operation.Parameters?.Select(parameter => parameter.Name!) ?? [];
        var inQuery = metadata.OfType<AcceptedParameter>().Select(parameter => parameter.Name);
        operation.Parameters = [.. inPath.Concat(inQuery).Select(name => new OpenApiParameterReference(name, document))];
        operation.RequestBody = metadata.OfType<AcceptedBody>().SingleOrDefault() is { } body ? new OpenApiRequestBodyReference(body.Name, document) : null;
        var required = metadata.OfType<RequiredCredential>().SingleOrDefault();
        var isOperators = metadata.OfType<OperatorRoute>().Any();
        operation.Security = isOperators ? [new() { [new OpenApiSecuritySchemeReference("operator", document)] = [] }]
            : required is null ? []
            : [.. SecurityOf(required, document)];
        operation.Description += isOperators ? "\n\nNeeds the operator's token."
            : required is null ? "\n\nNeeds no token."
            : $"\n\nNeeds a token with the credential `{required.Name}` or a higher one.";
        operation.Responses = Responses(
            [.. metadata.OfType<ProducedAnswer>()],
            [.. required is null ? [] : ProblemExamples.Token(required), .. metadata.OfType<ProblemExample>(), .. ProblemExamples.Demonstration],
            [.. metadata.OfType<OptionalHeaders>().SelectMany(sometimes => sometimes.Names)],
            document);
        return Task.CompletedTask;
    }

    /// <summary>In OpenAPI 3.1 a requirement names, beside the scheme, the role that is required.</summary>
    private static IEnumerable<OpenApiSecurityRequirement> SecurityOf(RequiredCredential required, OpenApiDocument document)
    {
        string[] schemes = ["bearer", "access_token"];
        return schemes.Select(scheme => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = [required.Name] });
    }

    private static OpenApiResponses Responses(ProducedAnswer[] answers, ProblemExample[] problems, string[] sometimes, OpenApiDocument document)
    {
        var responses = new OpenApiResponses();
        var byStatus = problems.ToLookup(problem => problem.Problem.Status.ToString(CultureInfo.InvariantCulture));
        var any = answers.SingleOrDefault(answer => answer.Status == ProducedAnswer.AnyStatus);
        var statuses = answers.Select(answer => answer.Status).Concat(byStatus.Select(group => group.Key)).Distinct();
        foreach (var status in statuses.Order(StringComparer.Ordinal))
        {
            // A task may also answer with a status that the server uses.
            var answer = answers.SingleOrDefault(answer => answer.Status == status) ?? (any is null ? null : any with { Examples = [] });
            responses[status] = Response(answer, [.. byStatus[status]], sometimes, document);
        }

        return responses;
    }

    private static OpenApiResponse Response(ProducedAnswer? answer, ProblemExample[] problems, string[] sometimes, OpenApiDocument document)
    {
        var response = new OpenApiResponse { Description = Describe(answer, problems), Content = new Dictionary<string, OpenApiMediaType>() };
        if (problems.Length > 0)
        {
            response.Content[ProblemJson] = Content("Problem", problems.Select(problem => problem.Name), document);
            document.Components ??= new();
            document.Components.Examples ??= new Dictionary<string, IOpenApiExample>();
            foreach (var problem in problems)
            {
                document.Components.Examples[problem.Name] = new OpenApiExample
                {
                    Summary = Capital(problem.When),
                    Value = JsonNode.Parse(problem.Problem.Render().Span),
                };
            }
        }

        if (answer is { HasBody: true })
        {
            response.Content[answer.MediaType] = Content(answer.Schema, answer.Examples, document);
        }

        string[][] headers = [.. answer is null ? (string[][])[] : [answer.Headers], .. problems.Select(HeadersOf)];
        response.Headers = headers.SelectMany(names => names).Concat(sometimes).Distinct().ToDictionary(
            name => name, name => (IOpenApiHeader)Header(name, headers.All(names => names.Contains(name))), StringComparer.Ordinal);
        return response;
    }

    private static OpenApiMediaType Content(string? schema, IEnumerable<string> examples, OpenApiDocument document) => new()
    {
        Schema = schema is null ? new OpenApiSchema() : new OpenApiSchemaReference(schema, document),
        Examples = examples.ToDictionary(name => name, name => (IOpenApiExample)new OpenApiExampleReference(name, document), StringComparer.Ordinal),
    };

    private static string Describe(ProducedAnswer? answer, ProblemExample[] problems)
    {
        if (problems.Length == 0)
        {
            return answer!.When;
        }

        var said = answer is null or { Status: ProducedAnswer.AnyStatus }
            ? ReasonPhrases.GetReasonPhrase(problems[0].Problem.Status)
            : $"{answer.When}. Or the server speaks";
        return $"{said}: {string.Join("; ", problems.Select(problem => problem.When).Distinct())}";
    }

    private static string[] HeadersOf(ProblemExample problem) =>
    [
        .. Where(problem.Problem.JobId is not null, "Job-Id"),
        .. Where(problem.Problem.Location is not null, "Location"),
        .. Where(problem.Problem.RetryAfter is not null, "Retry-After"),
        .. Where(problem.Problem.Status == StatusCodes.Status401Unauthorized, "WWW-Authenticate"),
        .. Where(problem.Problem.AcceptEncoding is not null, "Accept-Encoding"),
        .. problem.Problem.RateLimit is null ? [] : RateLimitHeaders.Names,
    ];

    private static string[] Where(bool holds, string header) => holds ? [header] : [];

    /// <summary>A copy, since a reference could not say whether this response always has it.</summary>
    private static OpenApiHeader Header(string name, bool isRequired)
    {
        var header = (OpenApiHeader)DocumentTransformer.Components.Headers![name].CreateShallowCopy();
        header.Required = isRequired;
        return header;
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}

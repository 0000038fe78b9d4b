using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;
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
        var inQuery = metadata.OfType<TakenParameter>().Select(parameter => parameter.Name);
        operation.Parameters = [.. inPath.Concat(inQuery).Select(name => new OpenApiParameterReference(name, document))];
        operation.RequestBody = metadata.OfType<TakenBody>().SingleOrDefault() is { } body ? new OpenApiRequestBodyReference(body.Name, document) : null;
        var needed = metadata.OfType<NeededCredential>().SingleOrDefault();
        operation.Security = needed is null ? [] : [.. Ways(needed, document)];
        operation.Description += needed is null ? "\n\nNeeds no token." : $"\n\nNeeds a token with the credential `{needed.Word}` or a higher one.";
        operation.Responses = Responses(
            [.. metadata.OfType<GivenAnswer>()],
            [.. metadata.OfType<Refusal>(), Refusals.OtherHost],
            [.. metadata.OfType<SometimesHeaders>().SelectMany(sometimes => sometimes.Names)],
            document);
        return Task.CompletedTask;
    }

    /// <summary>In OpenAPI 3.1 a requirement names, beside the scheme, the role that is needed.</summary>
    private static IEnumerable<OpenApiSecurityRequirement> Ways(NeededCredential needed, OpenApiDocument document)
    {
        string[] schemes = ["bearer", "access_token"];
        return schemes.Select(scheme => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(scheme, document)] = [needed.Word] });
    }

    private static OpenApiResponses Responses(GivenAnswer[] answers, Refusal[] refusals, string[] sometimes, OpenApiDocument document)
    {
        var responses = new OpenApiResponses();
        var byStatus = refusals.ToLookup(refusal => refusal.Problem.Status.ToString(CultureInfo.InvariantCulture));
        var any = answers.SingleOrDefault(answer => answer.Status == GivenAnswer.AnyStatus);
        var statuses = answers.Select(answer => answer.Status).Concat(byStatus.Select(group => group.Key)).Distinct();
        foreach (var status in statuses.Order(StringComparer.Ordinal))
        {
            // What a task may say with any status, it may also say with one that the server uses.
            var answer = answers.SingleOrDefault(answer => answer.Status == status) ?? (any is null ? null : any with { Examples = [] });
            responses[status] = Response(answer, [.. byStatus[status]], sometimes, document);
        }

        return responses;
    }

    private static OpenApiResponse Response(GivenAnswer? answer, Refusal[] refusals, string[] sometimes, OpenApiDocument document)
    {
        var response = new OpenApiResponse { Description = Describe(answer, refusals), Content = new Dictionary<string, OpenApiMediaType>() };
        if (refusals.Length > 0)
        {
            response.Content[ProblemJson] = Content("Problem", refusals.Select(refusal => refusal.Name), document);
            document.Components ??= new();
            document.Components.Examples ??= new Dictionary<string, IOpenApiExample>();
            foreach (var refusal in refusals)
            {
                document.Components.Examples[refusal.Name] = new OpenApiExample
                {
                    Summary = Capital(refusal.When),
                    Value = JsonNode.Parse(refusal.Problem.Render().Span),
                };
            }
        }

        if (answer is { HasBody: true })
        {
            response.Content[answer.MediaType] = Content(answer.Schema, answer.Examples, document);
        }

        string[][] headers = [.. answer is null ? (string[][])[] : [answer.Headers], .. refusals.Select(HeadersOf)];
        response.Headers = headers.SelectMany(names => names).Concat(sometimes).Distinct().ToDictionary(
            name => name, name => (IOpenApiHeader)Header(name, headers.All(names => names.Contains(name))), StringComparer.Ordinal);
        return response;
    }

    private static OpenApiMediaType Content(string? schema, IEnumerable<string> examples, OpenApiDocument document) => new()
    {
        Schema = schema is null ? new OpenApiSchema() : new OpenApiSchemaReference(schema, document),
        Examples = examples.ToDictionary(name => name, name => (IOpenApiExample)new OpenApiExampleReference(name, document), StringComparer.Ordinal),
    };

    private static string Describe(GivenAnswer? answer, Refusal[] refusals)
    {
        if (refusals.Length == 0)
        {
            return answer!.When;
        }

        var said = answer is null or { Status: GivenAnswer.AnyStatus }
            ? ReasonPhrases.GetReasonPhrase(refusals[0].Problem.Status)
            : $"{answer.When}. Or the server speaks";
        return $"{said}: {string.Join("; ", refusals.Select(refusal => refusal.When).Distinct())}";
    }

    private static string[] HeadersOf(Refusal refusal) =>
    [
        .. Where(refusal.Problem.JobId is not null, "Job-Id"),
        .. Where(refusal.Problem.Location is not null, "Location"),
        .. Where(refusal.Problem.RetryAfter is not null, "Retry-After"),
        .. Where(refusal.Problem.Status == StatusCodes.Status401Unauthorized, "WWW-Authenticate"),
        .. refusal.Problem.Quota is null ? [] : RateLimitHeaders.Headers,
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

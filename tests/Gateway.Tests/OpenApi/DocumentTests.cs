using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.Tests.OpenApi;

/// <summary>The document by itself, and against the routes.</summary>
public sealed partial class DocumentTests(DocumentedServer server) : IClassFixture<DocumentedServer>
{
    [Fact]
    public async Task The_document_is_well_formed_OpenAPI()
    {
        var json = await server.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        var (document, diagnostic) = OpenApiDocument.Parse(json, OpenApiConstants.Json);
        Assert.Empty(diagnostic!.Errors);
        Assert.Empty(diagnostic.Warnings);
        Assert.NotNull(document);
        Assert.Empty(document.Validate(ValidationRuleSet.GetDefaultRuleSet()));
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, diagnostic.SpecificationVersion);
        Assert.Equal("/", Assert.Single(document.Servers!)!.Url);
    }

    [Fact]
    public async Task The_version_is_the_programs()
    {
        var program = typeof(DemoMode).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        var document = await server.DocumentAsync();
        var status = JsonNode.Parse(await server.Http.GetStringAsync(new Uri("/api/status", UriKind.Relative)))!;
        Assert.Equal((program, program), ((string?)document.Root["info"]!["version"], (string?)status["version"]));
    }

    [Fact]
    public async Task Every_route_is_in_the_document_and_nothing_else()
    {
        // Other addresses of POST /task/{task}/job and of the lists of jobs, for TheEye's clients.
        string[] aliases =
        [
            "POST /job", "POST /{customer}/job", "GET /{customer}/job/running", "GET /{customer}/job/running_count", "GET /job/{job}/input",
        ];
        var routes =
            from endpoint in ((IEndpointRouteBuilder)server.App).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            let path = endpoint.RoutePattern.RawText!
            where !path.StartsWith("/docs", StringComparison.Ordinal) && !path.StartsWith("/openapi", StringComparison.Ordinal)
                && !path.StartsWith("/console", StringComparison.Ordinal)
            from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["any"]
            where method != "HEAD"
            select $"{method} {path}";
        var documented = (await server.DocumentAsync()).Operations.Select(operation => operation.ToString());
        Assert.Equal(routes.Order(), documented.Concat(aliases).Order());
    }

    [Fact]
    public async Task Every_operation_is_described_in_words()
    {
        var document = await server.DocumentAsync();
        var tags = document.Root["tags"]!.AsArray().Select(tag => tag!["name"]!.GetValue<string>());
        Assert.All(document.Operations, operation =>
        {
            Assert.InRange(operation.Json["summary"]!.GetValue<string>().Length, 5, 60);
            Assert.InRange(operation.Json["description"]!.GetValue<string>().Length, 20, 1000);
            Assert.Contains(operation.Json["tags"]!.AsArray().Single()!.GetValue<string>(), tags);
            var inPath = document.Parameters(operation).Where(parameter => parameter.Node["in"]!.GetValue<string>() == "path");
            Assert.Equal(
                Places().Matches(operation.Path).Select(place => place.Groups[1].Value).Order(),
                inPath.Select(parameter => parameter.Node["name"]!.GetValue<string>()).Order());
            Assert.All(document.Parameters(operation), parameter => Assert.NotNull(parameter.Node["description"]));
        });
        Assert.Equal(document.Operations.Count, document.Operations.Select(operation => operation.Id).Distinct().Count());
    }

    [Fact]
    public async Task Every_example_fits_its_schema()
    {
        var document = await server.DocumentAsync();
        var bodies =
            from operation in document.Operations
            let request = operation.Json["requestBody"] is { } body ? document.Resolve(body).Node : null
            from content in (request is null ? [] : (IEnumerable<System.Text.Json.Nodes.JsonNode>)[request])
                .Concat(operation.Responses.Select(response => response.Value!))
                .SelectMany(holder => holder["content"]?.AsObject() ?? [])
            from example in content.Value!["examples"]?.AsObject() ?? []
            from fault in document.Faults(content.Value["schema"]!, document.Resolve(example.Value!).Node["value"])
            select $"{operation} {example.Key}: {fault}";
        var parameters =
            from parameter in document.Operations.SelectMany(document.Parameters)
            where parameter.Node["example"] is not null
            from fault in document.Faults(parameter.Node["schema"]!, parameter.Node["example"])
            select $"{parameter.Name}: {fault}";
        Assert.Empty(bodies.Concat(parameters));
    }

    [Fact]
    public async Task No_example_or_schema_is_left_over()
    {
        var document = await server.DocumentAsync();
        var used = Reference().Matches(document.Root.ToJsonString()).Select(match => match.Groups[1].Value).ToHashSet();
        var there =
            from kind in document.Root["components"]!.AsObject()
            where kind.Key is "schemas" or "examples" or "parameters" or "requestBodies"
            from component in kind.Value!.AsObject()
            select $"{kind.Key}/{component.Key}";
        Assert.Empty(there.Except(used));
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Places();

    [GeneratedRegex("#/components/([^\"]+)\"")]
    private static partial Regex Reference();
}

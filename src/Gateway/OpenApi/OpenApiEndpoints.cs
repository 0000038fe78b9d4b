using System.Text;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;
using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>The OpenAPI document and a page to read it.</summary>
internal static class OpenApiEndpoints
{
    /// <summary>Keeps the browser from the addresses of other services that the page's script has.</summary>
    private const string OwnOriginOnly =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        + "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>The server in the document: the one that it comes from.</summary>
    private static readonly byte[] OwnServer = "\"url\": \"/\""u8.ToArray();

    public static IServiceCollection AddOpenApiDocument(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        // A HEAD is documented by its GET.
        options.ShouldInclude = route => !HttpMethods.IsHead(route.HttpMethod!);
        options.AddOperationTransformer<OperationTransformer>();
        options.AddDocumentTransformer<DocumentTransformer>();
    });

    public static void MapOpenApiDocument(this IEndpointRouteBuilder routes)
    {
        var demo = routes.ServiceProvider.GetRequiredService<DemoMode>().IsOn;

        // The same for all: to make it takes long, and what has no token must not have it made again. The framework's own route would also write it whole.
        var document = new Lazy<Task<JsonBytes>>(() => RenderAsync(routes.ServiceProvider));
        routes.MapGet("/openapi/v1.json", async (HttpRequest request) => Below(request.PathBase, await document.Value)).ExcludeFromDescription();
        routes.MapScalarApiReference("/docs", options => options
                .WithTitle("SyncCluster")
                .DisableDefaultFonts()
                .DisableTelemetry()
                .DisableAgent()
                .DisableMcp()
                .HideDeveloperTools()
                .HideClientButton()
                .WithDefaultHttpClient(ScalarTarget.Shell, ScalarClient.Curl)
                .AddPreferredSecuritySchemes("bearer")
                .AddHttpAuthentication("bearer", scheme => scheme.Token = demo ? DemoMode.UserToken : ""))
            .AddEndpointFilter(async (context, next) =>
            {
                context.HttpContext.Response.Headers.ContentSecurityPolicy = OwnOriginOnly;
                return await next(context);
            });
    }

    /// <summary>The document of a server that a proxy serves below a path. The path is made of letters that JSON takes as they are.</summary>
    private static JsonBytes Below(PathString path, JsonBytes document)
    {
        if (!path.HasValue)
        {
            return document;
        }

        var body = document.Body.Span;
        var server = body.IndexOf(OwnServer);
        return document with { Body = (byte[])[.. body[..server], .. Encoding.UTF8.GetBytes($"\"url\": \"{path}\""), .. body[(server + OwnServer.Length)..]] };
    }

    private static async Task<JsonBytes> RenderAsync(IServiceProvider services)
    {
        var document = await services.GetRequiredKeyedService<IOpenApiDocumentProvider>("v1").GetOpenApiDocumentAsync();
        return new JsonBytes(StatusCodes.Status200OK, Encoding.UTF8.GetBytes(await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1)));
    }
}

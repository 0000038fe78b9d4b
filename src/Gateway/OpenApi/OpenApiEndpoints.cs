using Scalar.AspNetCore;
using SyncCluster.Gateway.Auth;

namespace SyncCluster.Gateway.OpenApi;

/// <summary>The OpenAPI document and a page to read it.</summary>
internal static class OpenApiEndpoints
{
    /// <summary>Keeps the browser from the addresses of other services that the page's script has.</summary>
    private const string OwnOriginOnly =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        + "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

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
        routes.MapOpenApi("/openapi/{documentName}.json").ExcludeFromDescription();
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
}

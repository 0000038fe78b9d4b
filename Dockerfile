# Both images:  docker build --target gateway -t synccluster-gateway .
#               docker build --target silo -t synccluster-silo .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
# Packages are fetched again only if one of these files has changed.
COPY global.json Directory.Build.props Directory.Build.targets Directory.Packages.props ./
COPY src/Scripts/Scripts.csproj src/Scripts/
COPY src/Grains/Grains.csproj src/Grains/
COPY src/Hosting/Hosting.csproj src/Hosting/
COPY src/Console/Console.csproj src/Console/
COPY src/Silo/Silo.csproj src/Silo/
COPY src/Gateway/Gateway.csproj src/Gateway/
RUN dotnet restore src/Gateway && dotnet restore src/Silo
COPY .editorconfig ./
COPY src src
COPY tasks tasks
RUN dotnet publish src/Gateway -c Release --no-restore -o /app/gateway && dotnet publish src/Silo -c Release --no-restore -o /app/silo

# Ubuntu, without a shell or a package manager: as a client of a cluster, the gateway runs no scripts.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled AS gateway
LABEL org.opencontainers.image.title="SyncCluster gateway" \
      org.opencontainers.image.description="The HTTP side of SyncCluster" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
COPY --from=build /app/gateway .
USER $APP_UID
ENV urls=http://0.0.0.0:6090
EXPOSE 6090
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s CMD ["dotnet", "SyncCluster.Gateway.dll", "health", "http://127.0.0.1:6090"]
ENTRYPOINT ["dotnet", "SyncCluster.Gateway.dll"]

# Ubuntu with a shell and its tools, which scripts need.
FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS silo
# What scripts are written in: --build-arg SCRIPT_PACKAGES="ruby jq".
ARG SCRIPT_PACKAGES="curl jq nodejs python3"
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap dumb-init openssl $SCRIPT_PACKAGES && rm -rf /var/lib/apt/lists/*
LABEL org.opencontainers.image.title="SyncCluster silo" \
      org.opencontainers.image.description="Holds the jobs of SyncCluster and runs their scripts" \
      org.opencontainers.image.licenses="MIT"
COPY --chmod=755 deploy/image/start-silo deploy/image/make-secrets /usr/local/bin/
WORKDIR /app
COPY --from=build /app/silo .
# Not USER $APP_UID: start-silo goes on as that user, and gives the server, not its scripts, the group of the secrets.
# .NET's diagnostics would show the server's memory to scripts. The server turns them off itself; so they never begin.
ENV DOTNET_EnableDiagnostics=0 urls=http://0.0.0.0:6091 Cluster__Address=*
EXPOSE 6091 11111 30000
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s CMD ["start-silo", "dotnet", "SyncCluster.Silo.dll", "health", "http://127.0.0.1:6091"]
# dumb-init reaps what scripts leave behind.
ENTRYPOINT ["start-silo", "dumb-init", "--single-child", "--", "dotnet", "SyncCluster.Silo.dll"]

# The Office add-in's server, for many users. Every caller needs the token.
#
#   docker build -t gpt2-excel .
#   docker run -v gpt2-excel:/data gpt2-excel download gpt2
#   docker run -v gpt2-excel:/data -v /etc/my-certificate:/tls:ro -p 443:8431 -e GPT2_EXCEL_TOKEN=... gpt2-excel \
#       serve --address 0.0.0.0 --workers 4 --url https://gpt2.example.org \
#       --certificate /tls/fullchain.pem --key /tls/privkey.pem
FROM python:3.12-slim

COPY pyproject.toml README.md LICENSE /src/
COPY udfs /src/udfs
COPY workbook_templates /src/workbook_templates
COPY addin /src/addin
RUN pip install --no-cache-dir /src && rm -r /src && useradd --system --home-dir /data --create-home gpt2

USER gpt2
ENV XDG_DATA_HOME=/data XDG_CACHE_HOME=/data/cache
VOLUME /data
EXPOSE 8431
ENTRYPOINT ["gpt2-excel"]
CMD ["serve", "--address", "0.0.0.0", "--workers", "2"]
